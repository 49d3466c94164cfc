//! The objects of the infobase: all catalogues and documents of [`trade`](super::trade), and registers that
//! match its reports.

use super::object::{Class, Field, MetadataObject, Name, Part};

const CATALOG: Class = Class(Name("Справочник", "Catalog"), "Справочники");
const DOCUMENT: Class = Class(Name("Документ", "Document"), "Документы");
const REGISTER: Class = Class(Name("РегистрНакопления", "AccumulationRegister"), "Регистры накопления");

const TEXT: &str = "Строка(100)";
const FLAG: &str = "Булево";
const MONEY: &str = "Число(15, 2)";
const QUANTITY: &str = "Число(15, 3)";
const PRODUCT: &str = "СправочникСсылка.Номенклатура";
const CUSTOMER: &str = "СправочникСсылка.Контрагенты";
const WAREHOUSE: &str = "СправочникСсылка.Склады";
const FIRM: &str = "СправочникСсылка.Организации";
const CHANNEL: &str = "СправочникСсылка.КаналыПродаж";
const SELLER: &str = "СправочникСсылка.Продавцы";
const DESK: &str = "СправочникСсылка.Кассы";
const OPERATION: &str = "СправочникСсылка.ДенежныеОперации";
const PURPOSE: &str = "СправочникСсылка.Контрагенты, СправочникСсылка.СтатьиЗатрат, СправочникСсылка.Кассы";

macro_rules! objects {
    ($($class:ident $ru:literal $en:literal $synonym:literal {
        $($title:literal [$($field:literal $field_en:literal $kind:expr),* $(,)?])*
    })*) => {
        &[$(MetadataObject {
            class: $class,
            name: Name($ru, $en),
            synonym: $synonym,
            parts: &[$(Part {
                title: $title,
                fields: &[$(Field { name: Name($field, $field_en), kind: $kind }),*],
            }),*],
        }),*]
    };
}

/// Returns the Russian name of a catalogue by its name in either language.
pub(super) fn catalog(name: &str) -> Option<&'static str> {
    let catalog = OBJECTS.iter().find(|object| object.class.0.is("Catalog") && object.name.is(name));
    catalog.map(|object| object.name.0)
}

pub(super) const OBJECTS: &[MetadataObject] = objects! {
    CATALOG "Номенклатура" "Products" "Номенклатура" {
        "Реквизиты" [
            "Артикул" "Article" "Строка(25)",
            "НаименованиеАнглийское" "EnglishName" TEXT,
            "Единица" "Unit" "Строка(10)",
            "Цена" "Price" MONEY,
            "Статус" "Status" "ПеречислениеСсылка.СтатусыНоменклатуры",
            "ДатаСтатуса" "StatusDate" "Дата",
            "Рынки" "Markets" "Строка(20)",
            "СертификацияЕС" "EUCertification" "ПеречислениеСсылка.СтатусыСертификации",
        ]
    }
    CATALOG "Контрагенты" "Customers" "Контрагенты" {
        "Реквизиты" [
            "НаименованиеАнглийское" "EnglishName" TEXT,
            "Город" "City" "Строка(50)",
            "Телефон" "Phone" "Строка(30)",
            "Поставщик" "Supplier" FLAG,
        ]
    }
    CATALOG "Склады" "Warehouses" "Склады и магазины" {
        "Реквизиты" [
            "НаименованиеАнглийское" "EnglishName" TEXT,
            "Адрес" "Address" "Строка(200)",
            "Производственный" "Production" FLAG,
        ]
    }
    CATALOG "Организации" "Firms" "Организации" {}
    CATALOG "КаналыПродаж" "SalesChannels" "Каналы продаж" {}
    CATALOG "Продавцы" "Sellers" "Продавцы" {}
    CATALOG "Кассы" "CashDesks" "Кассы и расчётные счета" { "Реквизиты" ["Валюта" "Currency" "Строка(3)"] }
    CATALOG "СтатьиЗатрат" "CostArticles" "Статьи затрат" {}
    CATALOG "ДенежныеОперации" "CashOperations" "Денежные операции" {}
    DOCUMENT "РеализацияТоваров" "SalesInvoice" "Реализация товаров" {
        "Реквизиты" [
            "Организация" "Firm" FIRM,
            "Контрагент" "Customer" CUSTOMER,
            "Склад" "Warehouse" WAREHOUSE,
            "КаналПродаж" "SalesChannel" CHANNEL,
            "Продавец" "Seller" SELLER,
        ]
        "Табличная часть Товары" [
            "Номенклатура" "Product" PRODUCT,
            "Количество" "Quantity" QUANTITY,
            "Цена" "Price" MONEY,
            "Сумма" "Amount" MONEY,
        ]
    }
    DOCUMENT "ВозвратТоваровОтПокупателя" "CustomerReturn" "Возврат товаров от покупателя" {
        "Реквизиты" [
            "Организация" "Firm" FIRM,
            "Контрагент" "Customer" CUSTOMER,
            "Склад" "Warehouse" WAREHOUSE,
            "КаналПродаж" "SalesChannel" CHANNEL,
            "Продавец" "Seller" SELLER,
        ]
        "Табличная часть Товары" [
            "Номенклатура" "Product" PRODUCT,
            "Количество" "Quantity" QUANTITY,
            "Цена" "Price" MONEY,
            "Сумма" "Amount" MONEY,
        ]
    }
    DOCUMENT "ПоступлениеТоваров" "PurchaseInvoice" "Поступление товаров" {
        "Реквизиты" ["Организация" "Firm" FIRM, "Контрагент" "Supplier" CUSTOMER, "Склад" "Warehouse" WAREHOUSE]
        "Табличная часть Товары" [
            "Номенклатура" "Product" PRODUCT,
            "Количество" "Quantity" QUANTITY,
            "Сумма" "Amount" MONEY,
        ]
    }
    DOCUMENT "ВозвратТоваровПоставщику" "SupplierReturn" "Возврат товаров поставщику" {
        "Реквизиты" ["Организация" "Firm" FIRM, "Контрагент" "Supplier" CUSTOMER, "Склад" "Warehouse" WAREHOUSE]
        "Табличная часть Товары" [
            "Номенклатура" "Product" PRODUCT,
            "Количество" "Quantity" QUANTITY,
            "Сумма" "Amount" MONEY,
        ]
    }
    DOCUMENT "ПриходныйКассовыйОрдер" "CashReceipt" "Приходный кассовый ордер" {
        "Реквизиты" [
            "Организация" "Firm" FIRM,
            "Касса" "CashDesk" DESK,
            "Операция" "Operation" OPERATION,
            "Аналитика" "Analytics" PURPOSE,
            "Сумма" "Amount" MONEY,
        ]
    }
    DOCUMENT "РасходныйКассовыйОрдер" "CashPayment" "Расходный кассовый ордер" {
        "Реквизиты" [
            "Организация" "Firm" FIRM,
            "Касса" "CashDesk" DESK,
            "Операция" "Operation" OPERATION,
            "Аналитика" "Analytics" PURPOSE,
            "Сумма" "Amount" MONEY,
        ]
    }
    REGISTER "ТоварыНаСкладах" "StockBalance" "Товары на складах" {
        "Измерения" ["Склад" "Warehouse" WAREHOUSE, "Номенклатура" "Product" PRODUCT]
        "Ресурсы" ["Количество" "Quantity" QUANTITY, "Стоимость" "Cost" MONEY]
    }
    REGISTER "РасчетыСКонтрагентами" "Settlements" "Расчёты с контрагентами" {
        "Измерения" ["Организация" "Firm" FIRM, "Контрагент" "Customer" CUSTOMER]
        "Ресурсы" ["Сумма" "Amount" MONEY]
    }
    REGISTER "ДенежныеСредства" "CashBalance" "Денежные средства" {
        "Измерения" ["Организация" "Firm" FIRM, "Касса" "CashDesk" DESK]
        "Ресурсы" ["Сумма" "Amount" MONEY]
    }
};
