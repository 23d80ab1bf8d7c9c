//! The plain fields of a lead: one list, from which the structs, the table row, the schema for front ends and the
//! field-by-field rules all come.

use serde_json::Value;

/// Calls a macro with the list of fields: `name: Rust type, kind, {OpenAPI attributes}, "what it is";`.
macro_rules! for_each_lead_field {
    ($($callback:ident)::+ ! { $($arguments:tt)* }) => {
        $($callback)::+! { { $($arguments)* }
            email: String, Text, {max_length = 320, example = "ada@example.com"}, "Mail address, lower-cased.";
            phone: String, Text, {max_length = 100, example = "+14155550132"}, "Phone number: E.164 where the region is known, else as it came.";
            phone_extension: String, Text, {max_length = 20, example = "12"}, "Extension, kept apart from the number.";
            mobile_phone: String, Text, {max_length = 100, example = "+14155550133"}, "Mobile number, in the form of `phone`.";
            salutation: String, Text, {max_length = 40, example = "Dr."}, "Form of address.";
            first_name: String, Text, {max_length = 200, example = "Ada"}, "Given name.";
            last_name: String, Text, {max_length = 200, example = "Lovelace"}, "Family name.";
            company: String, Text, {max_length = 300, example = "Analytical Engines Ltd"}, "Company the person speaks for.";
            title: String, Text, {max_length = 300, example = "CTO"}, "Job title.";
            website: String, Text, {max_length = 2048, example = "https://www.example.com"}, "Web address.";
            linkedin_url: String, Text, {max_length = 2048, example = "https://www.linkedin.com/in/ada"}, "LinkedIn profile.";
            street: String, Text, {max_length = 500, example = "1 Example Street"}, "Street and number.";
            city: String, Text, {max_length = 200, example = "London"}, "City.";
            region: String, Text, {max_length = 200, example = "Greater London"}, "State, province or county.";
            postal_code: String, Text, {max_length = 40, example = "SW1A 1AA"}, "Postal code.";
            country: String, Text, {max_length = 100, example = "GB"}, "Country: ISO 3166-1 alpha-2; names and alpha-3 codes are translated.";
            timezone: String, Text, {max_length = 64, example = "Europe/London"}, "IANA time zone.";
            language: String, Text, {max_length = 35, example = "en-GB"}, "Language, BCP 47.";
            industry: String, Text, {max_length = 200, example = "Software"}, "Industry.";
            employee_count: i64, Integer, {minimum = 0, maximum = 100_000_000i64, example = 250}, "Number of employees.";
            annual_revenue: i64, Integer, {minimum = 0, maximum = 9_007_199_254_740_991i64, example = 1_000_000}, "Annual revenue, whole units of `currency`.";
            currency: String, Text, {max_length = 3, example = "GBP"}, "Currency of `annual_revenue`, ISO 4217.";
            message: String, Text, {max_length = 10_000, example = "Please call me."}, "What the person wrote last.";
        }
    };
}
pub(crate) use for_each_lead_field;

/// Declares a struct that has every lead field as `Option`, between the other fields given.
macro_rules! lead_struct {
    ({ $(#[$meta:meta])* $name:ident { $($before:tt)* } { $($after:tt)* } } $($field:ident : $type:ty, $kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
        $(#[$meta])*
        pub struct $name {
            $($before)*
            $(#[doc = $doc] #[schema($($schema)*)] pub $field: Option<$type>,)*
            $($after)*
        }
        impl $name {
            /// The plain lead fields of it.
            pub fn lead_fields(&self) -> $crate::domain::lead_fields::LeadFields {
                $crate::domain::lead_fields::LeadFields { $($field: self.$field.clone(),)* }
            }
        }
    };
}
pub(crate) use lead_struct;

/// What kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Unicode text.
    Text,
    /// A whole number.
    Integer,
}

macro_rules! define_fields {
    ({} $($field:ident : $type:ty, $kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
        /// What is known of the person and the company.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct LeadFields {
            $(#[doc = $doc] pub $field: Option<$type>,)*
        }

        /// The name of a plain lead field.
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { $(#[doc = $doc] $field,)* }

        impl Field {
            /// Every field, in the order of the list.
            pub const ALL: &[Field] = &[$(Field::$field,)*];

            /// Its name in JSON and SQL.
            pub fn name(self) -> &'static str {
                match self { $(Field::$field => stringify!($field),)* }
            }

            /// What it holds.
            pub fn kind(self) -> FieldKind {
                match self { $(Field::$field => FieldKind::$kind,)* }
            }

            /// One sentence on it, for people.
            pub fn description(self) -> &'static str {
                match self { $(Field::$field => $doc,)* }
            }
        }

        impl LeadFields {
            /// The value of a field; `null` when it is not known.
            pub fn value(&self, field: Field) -> Value {
                match field { $(Field::$field => Slot::to_value(&self.$field),)* }
            }

            /// Whether the field is known.
            pub fn has(&self, field: Field) -> bool {
                match field { $(Field::$field => self.$field.is_some(),)* }
            }

            /// Takes the value of a field from another.
            pub fn copy(&mut self, field: Field, from: &LeadFields) {
                match field { $(Field::$field => self.$field.clone_from(&from.$field),)* }
            }

            /// Whether the field is the same in both.
            pub fn same(&self, field: Field, other: &LeadFields) -> bool {
                match field { $(Field::$field => self.$field == other.$field,)* }
            }

            /// Adds the other's text behind the own, unless it is in there already. Numbers are overwritten.
            pub fn append(&mut self, field: Field, from: &LeadFields) {
                match field { $(Field::$field => Slot::append(&mut self.$field, &from.$field),)* }
            }

            /// Sets a field from JSON; `null` clears it. `false` when the type does not fit.
            pub fn set(&mut self, field: Field, value: &Value) -> bool {
                match field { $(Field::$field => Slot::set(&mut self.$field, value),)* }
            }
        }
    };
}
for_each_lead_field!(define_fields! {});

impl Field {
    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Field> {
        Field::ALL
            .iter()
            .copied()
            .find(|field| field.name() == name)
    }
}

/// What the two kinds of fields have in common.
trait Slot {
    fn to_value(&self) -> Value;
    fn append(&mut self, from: &Self);
    fn set(&mut self, value: &Value) -> bool;
}

impl Slot for Option<String> {
    fn to_value(&self) -> Value {
        self.as_deref().map_or(Value::Null, Value::from)
    }

    fn append(&mut self, from: &Self) {
        match (self.as_mut(), from) {
            (Some(own), Some(new)) if !own.contains(new.as_str()) => {
                own.push('\n');
                own.push_str(new);
            }
            (None, Some(_)) => self.clone_from(from),
            _ => {}
        }
    }

    fn set(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => *self = None,
            Value::String(text) => *self = Some(text.clone()),
            _ => return false,
        }
        true
    }
}

impl Slot for Option<i64> {
    fn to_value(&self) -> Value {
        self.map_or(Value::Null, Value::from)
    }

    fn append(&mut self, from: &Self) {
        if from.is_some() {
            *self = *from;
        }
    }

    fn set(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => *self = None,
            Value::Number(number) => match number.as_i64() {
                Some(whole) => *self = Some(whole),
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_reads_back_what_was_set() {
        let mut fields = LeadFields::default();
        for field in Field::ALL {
            let value = match field.kind() {
                FieldKind::Text => json!("x"),
                FieldKind::Integer => json!(7),
            };
            assert!(fields.set(*field, &value) && !fields.set(*field, &json!([])));
            assert_eq!(fields.value(*field), value);
            assert_eq!(Field::from_name(field.name()), Some(*field));
        }
    }

    #[test]
    fn appending_keeps_what_was_there_and_adds_nothing_twice() {
        let mut fields = LeadFields {
            message: Some("first".into()),
            ..Default::default()
        };
        let more = LeadFields {
            message: Some("second".into()),
            ..Default::default()
        };
        fields.append(Field::message, &more);
        fields.append(Field::message, &more);
        assert_eq!(fields.message.as_deref(), Some("first\nsecond"));
    }
}
