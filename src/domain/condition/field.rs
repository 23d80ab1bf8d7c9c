//! The fields of leads that conditions can name.

use super::column::{Column, Kind};
use super::comparison::Datum;
use crate::domain::field_definition::{FieldDefinition, FieldType};
use crate::domain::lead::Lead;
use crate::domain::normalise::attribution::Attribution;

/// Which touch's attribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// The first that had one.
    First,
    /// The latest that had one.
    Last,
}

impl Touch {
    /// The attribution of that touch.
    pub fn of(self, lead: &Lead) -> &Attribution {
        match self {
            Touch::First => &lead.first_attribution,
            Touch::Last => &lead.last_attribution,
        }
    }
}

/// A field of a lead.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// One that every lead has.
    Column(Column),
    /// Where it came from.
    Attribution(Touch, AttributionKey),
    /// Its labels.
    Tags,
    /// One of the workspace's own.
    Custom(CustomField),
}

/// A field of the workspace's own, as far as comparing goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The name in `custom`.
    pub key: String,
    /// The short name in the index of values.
    pub slot: i16,
    /// What it holds.
    pub field_type: FieldType,
}

impl From<&FieldDefinition> for CustomField {
    fn from(definition: &FieldDefinition) -> Self {
        CustomField {
            key: definition.key.clone(),
            slot: definition.slot,
            field_type: definition.field_type,
        }
    }
}

impl Field {
    /// What it holds.
    pub fn kind(&self) -> Kind {
        match self {
            Field::Column(column) => column.kind(),
            Field::Attribution(..) => Kind::Text,
            Field::Tags => Kind::List,
            Field::Custom(custom) => kind_of(custom.field_type),
        }
    }
}

/// What a field of that type holds.
pub fn kind_of(field_type: FieldType) -> Kind {
    match field_type {
        FieldType::Text | FieldType::LongText | FieldType::Url => Kind::Text,
        FieldType::Integer => Kind::Integer,
        FieldType::Decimal => Kind::Decimal,
        FieldType::Boolean => Kind::Boolean,
        FieldType::Date => Kind::Date,
        FieldType::Datetime => Kind::Datetime,
        FieldType::SingleChoice => Kind::Choice,
        FieldType::MultiChoice => Kind::List,
        FieldType::Money => Kind::Money,
    }
}

macro_rules! attribution_keys {
    ($($key:ident),* $(,)?) => {
        /// A part of an attribution.
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum AttributionKey { $($key,)* }

        impl AttributionKey {
            /// Every one.
            pub const ALL: &[AttributionKey] = &[$(AttributionKey::$key,)*];

            /// Its name in JSON.
            pub fn name(self) -> &'static str {
                match self { $(AttributionKey::$key => stringify!($key),)* }
            }

            /// Its value; `None` when it is missing.
            pub fn value(self, attribution: &Attribution) -> Option<Datum<'_>> {
                let text = match self { $(AttributionKey::$key => attribution.$key.as_deref(),)* };
                text.filter(|text| !text.is_empty()).map(Datum::Text)
            }
        }
    };
}

attribution_keys! {
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id, gclid, gbraid, wbraid, dclid, fbclid, msclkid, ttclid,
    twclid, li_fat_id, yclid, epik, sc_click_id, rdt_cid, campaign_id, adgroup_id, ad_id, form_id, referrer, landing_page,
}

impl AttributionKey {
    /// The part of that name.
    pub fn from_name(name: &str) -> Option<AttributionKey> {
        AttributionKey::ALL
            .iter()
            .copied()
            .find(|key| key.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_an_attribution_can_be_asked_for() {
        let all: serde_json::Map<_, _> = AttributionKey::ALL
            .iter()
            .map(|key| (key.name().to_owned(), key.name().into()))
            .collect();
        let attribution: Attribution = serde_json::from_value(all.clone().into()).unwrap();
        assert_eq!(
            serde_json::to_value(&attribution).unwrap(),
            serde_json::Value::Object(all)
        );
        for key in AttributionKey::ALL {
            assert_eq!(key.value(&attribution), Some(Datum::Text(key.name())));
        }
    }
}
