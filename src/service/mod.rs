//! What layers and bridges share: the one future of an answer, work beside the serving threads, lists that they ask for
//! themselves.

pub(crate) mod answer;
pub(crate) mod aside;
pub(crate) mod ask;
#[cfg(any(feature = "alias", feature = "confirm"))]
pub(crate) mod asked;
#[cfg(any(feature = "basic", feature = "cache", feature = "oauth"))]
pub(crate) mod flight;

/// The service that was polled to readiness; a clone takes its place, as tower's `Service` tells.
pub(crate) fn take_ready<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    std::mem::replace(service, clone)
}

/// Gives a middleware the access to its inner service that tower's own have.
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
