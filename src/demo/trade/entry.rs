//! References to entries of catalogues.

use serde_json::{Value, json};

use super::model::{Company, Folder};

/// A catalogue, or the folders of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::demo) enum Kind {
    Firm,
    Warehouse,
    Product,
    ProductGroup,
    Customer,
    CustomerGroup,
    Channel,
    Seller,
    Desk,
    CostArticle,
    CostGroup,
    Operation,
}

/// An id and a label.
pub(super) type Entry<'a> = (&'a str, &'static str);

impl Company {
    pub(super) fn entries(&self, kind: Kind) -> Vec<Entry<'_>> {
        macro_rules! entries {
            ($list:ident) => {
                self.$list.iter().map(|entry| (entry.id.as_str(), entry.name)).collect()
            };
        }
        match kind {
            Kind::Firm => entries!(firms),
            Kind::Warehouse => entries!(warehouses),
            Kind::Product => entries!(products),
            Kind::ProductGroup => entries!(product_groups),
            Kind::Customer => entries!(customers),
            Kind::CustomerGroup => entries!(customer_groups),
            Kind::Channel => entries!(sales_channels),
            Kind::Seller => entries!(sellers),
            Kind::Desk => entries!(desks),
            Kind::CostArticle => entries!(cost_articles),
            Kind::CostGroup => entries!(cost_groups),
            Kind::Operation => entries!(operations),
        }
    }

    pub(super) fn entry(&self, kind: Kind, at: usize) -> Entry<'_> {
        self.entries(kind).get(at).copied().unwrap_or_default()
    }

    pub(super) fn reference(&self, kind: Kind, at: usize) -> Value {
        let (id, label) = self.entry(kind, at);
        json!({ "id": id, "label": label })
    }

    pub(super) fn place(&self, kind: Kind, id: &str) -> Option<usize> {
        self.entries(kind).iter().position(|(own, _)| own.eq_ignore_ascii_case(id))
    }

    /// The catalogue of the folders, the folders, and the folder of each entry. Sales channels are
    /// their own folders.
    pub(super) fn hierarchy(&self, kind: Kind) -> Option<(Kind, &[Folder], Vec<usize>)> {
        match kind {
            Kind::Product => {
                let groups = self.products.iter().map(|product| product.group).collect();
                Some((Kind::ProductGroup, &self.product_groups, groups))
            }
            Kind::Customer => {
                let groups = self.customers.iter().map(|customer| customer.group).collect();
                Some((Kind::CustomerGroup, &self.customer_groups, groups))
            }
            Kind::CostArticle => {
                let groups = self.cost_articles.iter().map(|article| article.group).collect();
                Some((Kind::CostGroup, &self.cost_groups, groups))
            }
            Kind::Channel => Some((Kind::Channel, &self.sales_channels, (0..self.sales_channels.len()).collect())),
            _ => None,
        }
    }
}

/// Whether a folder is another one or somewhere in it.
pub(super) fn within(folders: &[Folder], folder: usize, root: usize) -> bool {
    let above = |at: &usize| folders.get(*at).and_then(|folder| folder.parent);
    std::iter::successors(Some(folder), above).any(|at| at == root)
}
