//! The words for times in English, German, French and Spanish.

use super::{ASAP_DAYS, When};
use crate::domain::qualification::words::Lexicon;
use std::sync::LazyLock;

/// Phrases of four languages.
pub(in crate::domain::qualification) static PHRASES: LazyLock<Lexicon<When>> =
    LazyLock::new(|| {
        let groups: [(&[&str], When); 12] = [
            (
                &[
                    "asap",
                    "as soon as possible",
                    "immediate*",
                    "right away",
                    "now",
                    "urgent*",
                    "today",
                    "sofort*",
                    "umgehend",
                    "so schnell wie möglich",
                    "schnellstmöglich*",
                    "dringend",
                    "immédiatement",
                    "dès que possible",
                    "tout de suite",
                    "inmediatamente",
                    "cuanto antes",
                    "lo antes posible",
                    "urgente",
                ],
                When::InDays(ASAP_DAYS),
            ),
            (
                &["this week", "diese woche", "cette semaine", "esta semana"],
                When::Week(0),
            ),
            (
                &[
                    "next week",
                    "nächste woche",
                    "naechste woche",
                    "semaine prochaine",
                    "próxima semana",
                ],
                When::Week(1),
            ),
            (
                &[
                    "this month",
                    "end of month",
                    "diesen monat",
                    "ce mois",
                    "este mes",
                ],
                When::Span(1, 0),
            ),
            (
                &[
                    "next month",
                    "nächsten monat",
                    "naechsten monat",
                    "mois prochain",
                    "próximo mes",
                    "mes que viene",
                ],
                When::Span(1, 1),
            ),
            (
                &[
                    "this quarter",
                    "end of quarter",
                    "dieses quartal",
                    "diesem quartal",
                    "ce trimestre",
                    "este trimestre",
                ],
                When::Span(3, 0),
            ),
            (
                &[
                    "next quarter",
                    "nächstes quartal",
                    "nächsten quartal",
                    "naechstes quartal",
                    "trimestre prochain",
                    "prochain trimestre",
                    "próximo trimestre",
                ],
                When::Span(3, 1),
            ),
            (
                &[
                    "this year",
                    "end of year",
                    "end of the year",
                    "year end",
                    "eoy",
                    "dieses jahr",
                    "diesem jahr",
                    "jahresende",
                    "ende des jahres",
                    "cette année",
                    "fin d'année",
                    "este año",
                    "fin de año",
                ],
                When::Span(12, 0),
            ),
            (
                &[
                    "next year",
                    "nächstes jahr",
                    "nächsten jahr",
                    "naechstes jahr",
                    "année prochaine",
                    "l'année prochaine",
                    "próximo año",
                    "año que viene",
                ],
                When::Span(12, 1),
            ),
            (
                &["half a year", "halbes jahr", "halben jahr"],
                When::InMonths(6),
            ),
            (
                &[
                    "no plans",
                    "not planned",
                    "never",
                    "nicht geplant",
                    "keine pläne",
                    "pas prévu",
                    "sin planes",
                    "just looking",
                    "just browsing",
                    "no timeline",
                    "no timeframe",
                ],
                When::Never,
            ),
            (
                &[
                    "unknown",
                    "not sure",
                    "unsure",
                    "don't know",
                    "do not know",
                    "not decided",
                    "undecided",
                    "tbd",
                    "weiß nicht",
                    "noch offen",
                    "unklar",
                    "unbekannt",
                    "je ne sais pas",
                    "pas sûr",
                    "no sé",
                    "no lo sé",
                    "no estoy seguro",
                ],
                When::NotKnown,
            ),
        ];
        let each = |(phrases, when): (&'static [&'static str], When)| {
            phrases.iter().map(move |phrase| (*phrase, when))
        };
        Lexicon::new(groups.into_iter().flat_map(each))
    });

pub(super) const NUMBERS: &[(&[&str], u32)] = &[
    (
        &[
            "a", "an", "one", "ein", "eine", "einem", "einer", "un", "une", "una",
        ],
        1,
    ),
    (&["two", "zwei", "deux", "dos"], 2),
    (&["three", "drei", "trois", "tres"], 3),
    (&["four", "vier", "quatre", "cuatro"], 4),
    (&["six", "sechs", "seis"], 6),
    (&["nine", "neun", "neuf"], 9),
    (&["twelve", "zwolf", "douze", "doce"], 12),
];
pub(super) const UNITS: &[(&[&str], When)] = &[
    (
        &[
            "day", "days", "tag", "tage", "tagen", "jour", "jours", "dia", "dias", "d",
        ],
        When::InDays(1),
    ),
    (
        &[
            "week", "weeks", "woche", "wochen", "semaine", "semaines", "semana", "semanas", "w",
        ],
        When::InDays(7),
    ),
    (
        &[
            "month", "months", "monat", "monate", "monaten", "mois", "mes", "meses", "mo",
        ],
        When::InMonths(1),
    ),
    (
        &["quarter", "quarters", "quartale", "quartalen", "trimestres"],
        When::InMonths(3),
    ),
    (
        &[
            "year", "years", "jahr", "jahre", "jahren", "an", "ans", "ano", "anos", "y",
        ],
        When::InMonths(12),
    ),
];

pub(super) const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "janvier", "enero"],
    &["february", "februar", "fevrier", "febrero"],
    &["march", "marz", "maerz", "mars", "marzo"],
    &["april", "avril", "abril"],
    &["may", "mai", "mayo"],
    &["june", "juni", "juin", "junio"],
    &["july", "juli", "juillet", "julio"],
    &["august", "aout", "agosto"],
    &["september", "septembre", "septiembre"],
    &["october", "oktober", "octobre", "octubre"],
    &["november", "novembre", "noviembre"],
    &["december", "dezember", "decembre", "diciembre"],
];
