//! Currencies by ISO 4217.

/// The active alphabetic codes of ISO 4217 list one, funds and metals left out, sorted.
const CODES: [&str; 155] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD",
    "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES",
    "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
    "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES",
    "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// The ISO 4217 code, whatever its case. `€` and `£` mean one currency each; `$` and `¥` do not.
pub fn currency(input: &str) -> Option<&'static str> {
    let code = match input.trim() {
        "€" => "EUR".to_owned(),
        "£" => "GBP".to_owned(),
        other => other.to_ascii_uppercase(),
    };
    CODES
        .binary_search(&code.as_str())
        .ok()
        .map(|index| CODES[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_sorted_and_of_three_capitals() {
        assert!(CODES.is_sorted());
        assert!(
            CODES
                .iter()
                .all(|code| code.len() == 3 && code.bytes().all(|c| c.is_ascii_uppercase()))
        );
    }

    #[test]
    fn a_code_is_known_in_any_case() {
        assert_eq!(currency(" eur "), Some("EUR"));
        assert_eq!(currency("Usd"), Some("USD"));
        assert_eq!(currency("€"), Some("EUR"));
    }

    #[test]
    fn what_is_ambiguous_or_gone_is_none() {
        for text in ["", "$", "DEM", "euro", "XXX", "HRK"] {
            assert_eq!(currency(text), None, "{text}");
        }
    }
}
