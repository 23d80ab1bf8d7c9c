//! The framework as a workspace writes it.

use super::answer::{AnswerSource, AnswerState};
use crate::domain::condition::ConditionDocument;
use crate::domain::stage::StageKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What is asked of leads, and what follows from the answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameworkDocument {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100, example = "BANT")]
    pub name: String,
    /// What is asked, in the order in which it is asked.
    #[schema(min_items = 1, max_items = 20)]
    pub criteria: Vec<CriterionDocument>,
    /// The first whose demands are met gives the verdict.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub verdicts: Vec<VerdictRule>,
    /// The verdict when no rule applies.
    #[serde(default, rename = "else")]
    pub otherwise: Verdict,
    /// Answers that follow from what else is known of the lead.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub inference: Vec<InferenceRule>,
    /// How far each source is trusted.
    #[serde(default)]
    pub trust: Trust,
    /// After how many days answers are stale, unless the criterion says otherwise; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3650)]
    pub max_age_days: Option<u32>,
    /// What a stale answer, or a date that has passed, is still worth.
    #[serde(default)]
    pub when_stale: WhenStale,
    /// Which stage a verdict moves a lead to.
    #[serde(default)]
    pub stages: StageMoves,
}

/// Something that is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CriterionDocument {
    /// What answers and rules name it by: a–z, 0–9 and `_`.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
    pub key: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What to ask the person.
    #[schema(min_length = 1, max_length = 500)]
    pub question: String,
    /// What answers look like, and which of them meet the criterion.
    pub answer: AnswerType,
    /// It is asked for; others are welcome when they come.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub required: bool,
    /// How much it counts in how complete a lead is.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub weight: u16,
    /// After how many days answers are stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3650)]
    pub max_age_days: Option<u32>,
}

fn yes() -> bool {
    true
}

fn one() -> u16 {
    1
}

fn met() -> AnswerState {
    AnswerState::Met
}

/// What answers look like, and which of them meet the criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerType {
    /// An amount of money.
    Money {
        /// From which amount on it is met, one for each currency. Every stated amount above zero, when there is none.
        #[serde(default)]
        #[schema(max_items = 50)]
        met: Vec<Amount>,
        /// From which amount on it is partly met.
        #[serde(default)]
        #[schema(max_items = 50)]
        partly: Vec<Amount>,
        /// What one unit of another currency is worth in the currency of the first of `met`. An amount that cannot be
        /// compared is partly met: something is set aside, and whether it is enough is not known.
        #[serde(default)]
        #[schema(value_type = Rates)]
        rates: BTreeMap<String, f64>,
    },
    /// One of several options.
    Choice {
        /// Those that there are.
        #[schema(min_items = 1, max_items = 50)]
        options: Vec<ChoiceOption>,
    },
    /// Words of their own.
    Text {
        /// Words, and what it means when they are in the text; a `*` at the end stands for any ending.
        #[serde(default)]
        #[schema(value_type = StateWords)]
        words: BTreeMap<String, AnswerState>,
        /// What a text is worth in which none of the words is.
        #[serde(default = "met")]
        otherwise: AnswerState,
    },
    /// By when.
    Timing {
        /// Met when its last day is at most so many days from today, in the workspace's zone.
        #[schema(minimum = 1, maximum = 3650)]
        met_within_days: u32,
        /// Partly met when its last day is at most so many days from today.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(minimum = 1, maximum = 3650)]
        partly_within_days: Option<u32>,
        /// Words of the workspace's own for `asap`, `this_week`, `next_week`, `this_month`, `next_month`, `this_quarter`,
        /// `next_quarter`, `this_year`, `next_year`, `no_plans`, `unknown`, or a time such as `6 months`.
        #[serde(default)]
        #[schema(value_type = TimeWords)]
        words: BTreeMap<String, String>,
    },
    /// Yes or no.
    Boolean {
        /// Which of them meets it.
        #[serde(default = "yes")]
        #[schema(default = true)]
        met: bool,
    },
    /// A number.
    Number {
        /// From which number on it is met.
        met_from: f64,
        /// From which number on it is partly met.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partly_from: Option<f64>,
    },
}

/// By currency, ISO 4217: what one unit of it is worth.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "client generators want a name for what is in a part of a choice"
)]
pub struct Rates(BTreeMap<String, f64>);

/// By word: what it means.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "client generators want a name for what is in a part of a choice"
)]
pub struct StateWords(BTreeMap<String, AnswerState>);

/// By word: the time it means.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "client generators want a name for what is in a part of a choice"
)]
pub struct TimeWords(BTreeMap<String, String>);

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// In minor units.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64, example = 1_000_000)]
    pub amount_minor: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: String,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    /// What answers hold.
    #[schema(min_length = 1, max_length = 100, example = "decision_maker")]
    pub value: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Decides")]
    pub name: String,
    /// What it is worth.
    pub state: AnswerState,
    /// Words that mean it, beside its value and its name; a `*` at the end stands for any ending.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub words: Vec<String>,
}

/// What a lead is, as far as the answers go.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    PartialOrd,
    Ord,
)]
pub enum Verdict {
    /// Not worth pursuing.
    #[serde(rename = "disqualified")]
    Disqualified,
    /// Too little is known, or met.
    #[default]
    #[serde(rename = "unqualified")]
    Unqualified,
    /// Qualified by marketing.
    #[serde(rename = "mql")]
    MarketingQualified,
    /// Qualified by sales.
    #[serde(rename = "sql")]
    SalesQualified,
}

impl Verdict {
    /// Every verdict, the least first.
    pub const ALL: [Verdict; 4] = [
        Verdict::Disqualified,
        Verdict::Unqualified,
        Verdict::MarketingQualified,
        Verdict::SalesQualified,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Disqualified => "disqualified",
            Verdict::Unqualified => "unqualified",
            Verdict::MarketingQualified => "mql",
            Verdict::SalesQualified => "sql",
        }
    }

    /// The verdict of that name.
    pub fn from_name(name: &str) -> Option<Verdict> {
        [
            Verdict::Disqualified,
            Verdict::Unqualified,
            Verdict::MarketingQualified,
            Verdict::SalesQualified,
        ]
        .into_iter()
        .find(|verdict| verdict.as_str() == name)
    }
}

/// A verdict, and what it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictRule {
    /// The verdict.
    pub verdict: Verdict,
    /// What it takes.
    pub when: VerdictWhen,
}

/// What a verdict takes: all of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictWhen {
    /// These criteria are met.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub met: Vec<String>,
    /// These criteria are met, or partly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partly: Vec<String>,
    /// These criteria are known not to be met.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<String>,
    /// At least so many criteria are met.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(maximum = 20)]
    pub met_at_least: u16,
    /// At least so many criteria are known not to be met.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(maximum = 20)]
    pub unmet_at_least: u16,
    /// A condition of the lead. It may not depend on the time at which it is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ConditionDocument>)]
    pub lead: Option<Value>,
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// An answer that follows from what else is known of the lead: a fixed value, or the words of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InferenceRule {
    /// What decisions name it by: a–z, 0–9 and `_`.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
    pub key: String,
    /// For which leads; all, when absent. It may not depend on the time at which it is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ConditionDocument>)]
    pub when: Option<Value>,
    /// Which criterion it answers.
    pub criterion: String,
    /// The answer, as a submission would give it: a text, a number, a boolean, or an amount of money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub value: Option<Value>,
    /// The text field of leads whose words are the answer: `title`, `custom.budget_range`. Times in it count from when the
    /// lead was first captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How sure it is, in thousandths.
    #[schema(minimum = 1, maximum = 1000, example = 600)]
    pub confidence_permille: u16,
}

/// How far each source is trusted, in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    #[schema(maximum = 1000)]
    pub rep: u16,
    #[schema(maximum = 1000)]
    pub meeting: u16,
    #[schema(maximum = 1000)]
    pub call: u16,
    #[schema(maximum = 1000)]
    pub email: u16,
    #[schema(maximum = 1000)]
    pub form: u16,
    #[schema(maximum = 1000)]
    pub api: u16,
    #[schema(maximum = 1000)]
    pub import: u16,
    #[schema(maximum = 1000)]
    pub enrichment: u16,
    #[schema(maximum = 1000)]
    pub rule: u16,
}

impl Default for Trust {
    /// People before forms, forms before systems, rules last.
    fn default() -> Self {
        Trust {
            rep: 1000,
            meeting: 950,
            call: 900,
            email: 700,
            form: 600,
            api: 500,
            import: 400,
            enrichment: 300,
            rule: 200,
        }
    }
}

impl Trust {
    /// How far the source is trusted, in thousandths.
    pub fn of(&self, source: AnswerSource) -> u16 {
        match source {
            AnswerSource::Form => self.form,
            AnswerSource::Call => self.call,
            AnswerSource::Meeting => self.meeting,
            AnswerSource::Email => self.email,
            AnswerSource::Rep => self.rep,
            AnswerSource::Rule => self.rule,
            AnswerSource::Enrichment => self.enrichment,
            AnswerSource::Import => self.import,
            AnswerSource::Api => self.api,
        }
    }
}

/// What a stale answer, or a date that has passed, is still worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenStale {
    /// Nothing.
    Unknown,
    /// Met becomes partly met; what was not met is unknown.
    #[default]
    Partly,
}

/// Which way verdicts move leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageMode {
    /// They do not.
    Never,
    /// Only on in the funnel.
    #[default]
    UpOnly,
    /// On, and back from a stage that a verdict gave. No condition may tell the stages apart between which leads are moved so.
    Follow,
}

/// Which stage a verdict moves a lead to. A lead never leaves `converted` or `disqualified` by a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StageMoves {
    /// Which way.
    #[serde(default)]
    pub mode: StageMode,
    /// The kind of stage by verdict; a verdict that is left out moves nothing.
    #[serde(default = "own_stages")]
    pub moves: BTreeMap<Verdict, StageKind>,
}

impl Default for StageMoves {
    fn default() -> Self {
        StageMoves {
            mode: StageMode::default(),
            moves: own_stages(),
        }
    }
}

/// `mql` and `sql` have stages of their own.
fn own_stages() -> BTreeMap<Verdict, StageKind> {
    BTreeMap::from([
        (Verdict::MarketingQualified, StageKind::MarketingQualified),
        (Verdict::SalesQualified, StageKind::SalesQualified),
    ])
}
