//! The model that a new workspace starts with.

use super::document::{
    ActivityDocument, Counts, EngagementGrades, FitGrades, GroupDocument, LedgerKind, RuleDocument,
    ScoringModelDocument, ThresholdDocument, ThresholdOn,
};
use crate::domain::dedupe::FREE_MAIL_DOMAINS;
use serde_json::{Value, json};

/// Parts of titles of those who decide. Texts are compared exactly, so both ways of writing stand here.
const SENIOR: [&str; 17] = [
    "CEO",
    "CFO",
    "COO",
    "CTO",
    "CIO",
    "CMO",
    "CRO",
    "Chief",
    "chief",
    "Founder",
    "founder",
    "Head of",
    "VP",
    "Vice President",
    "Director",
    "director",
    "Managing",
];

impl Default for ScoringModelDocument {
    /// Built-in fields and types of activity only.
    fn default() -> Self {
        let threshold = |key: &str, on, points| ThresholdDocument {
            key: key.to_owned(),
            on,
            points,
        };
        let group = |key: &str, cap| GroupDocument {
            key: key.to_owned(),
            cap: Some(cap),
            floor: None,
        };
        ScoringModelDocument {
            name: "Default".to_owned(),
            when: None,
            rules: fit_rules().into_iter().chain(engagement_rules()).collect(),
            groups: vec![group("company_size", 15), group("web", 20)],
            engagement_half_life_days: Some(14.0),
            fit_grades: FitGrades::default(),
            engagement_grades: EngagementGrades::default(),
            // Not 40 and 80: points come by fives, and what is reached exactly decay takes in the next moment.
            thresholds: vec![
                threshold("warm", ThresholdOn::Total, 38),
                threshold("hot", ThresholdOn::Total, 78),
            ],
        }
    }
}

fn fit_rules() -> Vec<RuleDocument> {
    let free =
        || json!({"field": "email_domain", "op": "in", "value": FREE_MAIL_DOMAINS.as_slice()});
    let is_set = |field: &str| json!({"field": field, "op": "is_set"});
    let staff = |count: u32| json!({"field": "employee_count", "op": "gte", "value": count});
    let senior: Vec<Value> = SENIOR
        .iter()
        .map(|part| json!({"field": "title", "op": "contains", "value": part}))
        .collect();
    let business = json!({"all": [is_set("email_domain"), {"not": free()}]});
    let sized = |key, name, points, when| RuleDocument {
        group: Some("company_size".to_owned()),
        ..fit(key, name, points, when)
    };
    vec![
        fit("business_email", "Business mail address", 15, business),
        fit("free_mail", "Mail address of a free provider", -5, free()),
        fit(
            "phone",
            "Phone number given",
            5,
            json!({"any": [is_set("phone"), is_set("mobile_phone")]}),
        ),
        sized("company_10", "At least 10 employees", 5, staff(10)),
        sized("company_50", "At least 50 employees", 5, staff(50)),
        sized("company_250", "At least 250 employees", 5, staff(250)),
        fit("senior_title", "Senior title", 15, json!({"any": senior})),
        fit("company", "Company given", 5, is_set("company")),
        fit("country", "Country known", 5, is_set("country")),
        fit("message", "Wrote a message", 5, is_set("message")),
    ]
}

fn engagement_rules() -> Vec<RuleDocument> {
    let inbound = || Some(json!({"field": "direction", "op": "eq", "value": "inbound"}));
    let pricing = json!({"field": "properties.path", "op": "starts_with", "value": "/pricing"});
    let grouped = |rule: RuleDocument| RuleDocument {
        group: Some("web".to_owned()),
        ..rule
    };
    vec![
        grouped(engagement(
            "pricing_page",
            "Looked at prices",
            5,
            "page_view",
            Some(pricing),
        )),
        grouped(engagement(
            "page_view",
            "Looked at a page",
            1,
            "page_view",
            None,
        )),
        engagement("submission", "Sent a form", 10, "submission", None),
        engagement("download", "Downloaded something", 5, "download", None),
        engagement("reply", "Wrote a mail", 15, "email", inbound()),
        engagement("inbound_call", "Called", 20, "call", inbound()),
        engagement("meeting", "Had a meeting", 25, "meeting", None),
        RuleDocument {
            counts: Some(Counts::Once),
            ..engagement("unsubscribe", "Unsubscribed", -25, "unsubscribe", None)
        },
    ]
}

fn fit(key: &str, name: &str, points: i32, when: Value) -> RuleDocument {
    RuleDocument {
        key: key.to_owned(),
        name: name.to_owned(),
        ledger: LedgerKind::Fit,
        points,
        group: None,
        when: Some(when),
        activity: None,
        counts: None,
    }
}

fn engagement(
    key: &str,
    name: &str,
    points: i32,
    kind: &str,
    filter: Option<Value>,
) -> RuleDocument {
    RuleDocument {
        key: key.to_owned(),
        name: name.to_owned(),
        ledger: LedgerKind::Engagement,
        points,
        group: None,
        when: None,
        activity: Some(ActivityDocument {
            types: vec![kind.to_owned()],
            filter,
        }),
        counts: Some(Counts::EveryTime),
    }
}
