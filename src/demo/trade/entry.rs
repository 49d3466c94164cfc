//! References to entries of catalogues.

use serde_json::{Value, json};

use super::model::{Company, Folder};

/// A catalogue, or the folders of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::demo) enum EntryKind {
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

/// The id and the label of an entry.
pub(super) type Entry<'a> = (&'a str, &'static str);

impl Company {
    pub(super) fn entries(&self, kind: EntryKind) -> Vec<Entry<'_>> {
        macro_rules! entries {
            ($list:ident) => {
                self.$list.iter().map(|entry| (entry.id.as_str(), entry.name)).collect()
            };
        }
        match kind {
            EntryKind::Firm => entries!(firms),
            EntryKind::Warehouse => entries!(warehouses),
            EntryKind::Product => entries!(products),
            EntryKind::ProductGroup => entries!(product_groups),
            EntryKind::Customer => entries!(customers),
            EntryKind::CustomerGroup => entries!(customer_groups),
            EntryKind::Channel => entries!(sales_channels),
            EntryKind::Seller => entries!(sellers),
            EntryKind::Desk => entries!(desks),
            EntryKind::CostArticle => entries!(cost_articles),
            EntryKind::CostGroup => entries!(cost_groups),
            EntryKind::Operation => entries!(operations),
        }
    }

    pub(super) fn entry(&self, kind: EntryKind, at: usize) -> Entry<'_> {
        self.entries(kind).get(at).copied().unwrap_or_default()
    }

    pub(super) fn reference(&self, kind: EntryKind, at: usize) -> Value {
        let (id, label) = self.entry(kind, at);
        json!({ "id": id, "label": label })
    }

    pub(super) fn place(&self, kind: EntryKind, id: &str) -> Option<usize> {
        self.entries(kind).iter().position(|(own, _)| own.eq_ignore_ascii_case(id))
    }

    /// Returns the catalogue of the folders, the folders, and the folder of each entry. Sales channels are
    /// their own folders.
    pub(super) fn hierarchy(&self, kind: EntryKind) -> Option<(EntryKind, &[Folder], Vec<usize>)> {
        match kind {
            EntryKind::Product => {
                let groups = self.products.iter().map(|product| product.group).collect();
                Some((EntryKind::ProductGroup, &self.product_groups, groups))
            }
            EntryKind::Customer => {
                let groups = self.customers.iter().map(|customer| customer.group).collect();
                Some((EntryKind::CustomerGroup, &self.customer_groups, groups))
            }
            EntryKind::CostArticle => {
                let groups = self.cost_articles.iter().map(|article| article.group).collect();
                Some((EntryKind::CostGroup, &self.cost_groups, groups))
            }
            EntryKind::Channel => {
                Some((EntryKind::Channel, &self.sales_channels, (0..self.sales_channels.len()).collect()))
            }
            _ => None,
        }
    }
}

/// Returns whether a folder is `root` or lies in it at any depth.
pub(super) fn within(folders: &[Folder], folder: usize, root: usize) -> bool {
    let above = |at: &usize| folders.get(*at).and_then(|folder| folder.parent);
    std::iter::successors(Some(folder), above).any(|at| at == root)
}
