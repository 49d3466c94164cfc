//! Shared parts of layers and bridges: the future of an answer, work off the serving threads, and lists of tools
//! that they request themselves.

pub(crate) mod answer;
pub(crate) mod aside;
pub(crate) mod ask;
#[cfg(any(feature = "alias", feature = "confirm"))]
pub(crate) mod asked;
#[cfg(any(feature = "basic", feature = "cache", feature = "oauth"))]
pub(crate) mod flight;
pub(crate) mod shown;

/// Takes the service that was polled to readiness and leaves a clone in its place, as tower's docs require.
pub(crate) fn take_ready<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    std::mem::replace(service, clone)
}

/// Gives a middleware the accessors to its inner service that tower's own middlewares have.
macro_rules! accessors {
    ($service:ident<$inner:ident $(, $more:ident)*>) => {
        impl<$inner $(, $more)*> $service<$inner $(, $more)*> {
            /// Returns a reference to the inner service.
            pub const fn get_ref(&self) -> &$inner {
                &self.inner
            }

            /// Returns a mutable reference to the inner service.
            pub const fn get_mut(&mut self) -> &mut $inner {
                &mut self.inner
            }

            /// Returns the inner service.
            pub fn into_inner(self) -> $inner {
                self.inner
            }
        }
    };
}
pub(crate) use accessors;
