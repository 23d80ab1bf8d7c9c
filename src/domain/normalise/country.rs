//! Countries: codes and names in use, as ISO 3166-1 alpha-2.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// ISO 3166-1 (249 countries), sorted by alpha-2: alpha-2, alpha-3, the usual English name.
// One line a country would be a file of 250 lines.
#[rustfmt::skip]
static COUNTRIES: [(&str, &str, &str); 249] = [
    ("AD", "AND", "Andorra"), ("AE", "ARE", "United Arab Emirates"), ("AF", "AFG", "Afghanistan"),
    ("AG", "ATG", "Antigua and Barbuda"), ("AI", "AIA", "Anguilla"), ("AL", "ALB", "Albania"), ("AM", "ARM", "Armenia"),
    ("AO", "AGO", "Angola"), ("AQ", "ATA", "Antarctica"), ("AR", "ARG", "Argentina"), ("AS", "ASM", "American Samoa"),
    ("AT", "AUT", "Austria"), ("AU", "AUS", "Australia"), ("AW", "ABW", "Aruba"), ("AX", "ALA", "Åland Islands"),
    ("AZ", "AZE", "Azerbaijan"), ("BA", "BIH", "Bosnia and Herzegovina"), ("BB", "BRB", "Barbados"),
    ("BD", "BGD", "Bangladesh"), ("BE", "BEL", "Belgium"), ("BF", "BFA", "Burkina Faso"), ("BG", "BGR", "Bulgaria"),
    ("BH", "BHR", "Bahrain"), ("BI", "BDI", "Burundi"), ("BJ", "BEN", "Benin"), ("BL", "BLM", "Saint Barthélemy"),
    ("BM", "BMU", "Bermuda"), ("BN", "BRN", "Brunei Darussalam"), ("BO", "BOL", "Bolivia"),
    ("BQ", "BES", "Bonaire, Sint Eustatius and Saba"), ("BR", "BRA", "Brazil"), ("BS", "BHS", "Bahamas"),
    ("BT", "BTN", "Bhutan"), ("BV", "BVT", "Bouvet Island"), ("BW", "BWA", "Botswana"), ("BY", "BLR", "Belarus"),
    ("BZ", "BLZ", "Belize"), ("CA", "CAN", "Canada"), ("CC", "CCK", "Cocos (Keeling) Islands"),
    ("CD", "COD", "Democratic Republic of the Congo"), ("CF", "CAF", "Central African Republic"), ("CG", "COG", "Congo"),
    ("CH", "CHE", "Switzerland"), ("CI", "CIV", "Côte d'Ivoire"), ("CK", "COK", "Cook Islands"), ("CL", "CHL", "Chile"),
    ("CM", "CMR", "Cameroon"), ("CN", "CHN", "China"), ("CO", "COL", "Colombia"), ("CR", "CRI", "Costa Rica"),
    ("CU", "CUB", "Cuba"), ("CV", "CPV", "Cabo Verde"), ("CW", "CUW", "Curaçao"), ("CX", "CXR", "Christmas Island"),
    ("CY", "CYP", "Cyprus"), ("CZ", "CZE", "Czechia"), ("DE", "DEU", "Germany"), ("DJ", "DJI", "Djibouti"),
    ("DK", "DNK", "Denmark"), ("DM", "DMA", "Dominica"), ("DO", "DOM", "Dominican Republic"), ("DZ", "DZA", "Algeria"),
    ("EC", "ECU", "Ecuador"), ("EE", "EST", "Estonia"), ("EG", "EGY", "Egypt"), ("EH", "ESH", "Western Sahara"),
    ("ER", "ERI", "Eritrea"), ("ES", "ESP", "Spain"), ("ET", "ETH", "Ethiopia"), ("FI", "FIN", "Finland"),
    ("FJ", "FJI", "Fiji"), ("FK", "FLK", "Falkland Islands"), ("FM", "FSM", "Micronesia"), ("FO", "FRO", "Faroe Islands"),
    ("FR", "FRA", "France"), ("GA", "GAB", "Gabon"), ("GB", "GBR", "United Kingdom"), ("GD", "GRD", "Grenada"),
    ("GE", "GEO", "Georgia"), ("GF", "GUF", "French Guiana"), ("GG", "GGY", "Guernsey"), ("GH", "GHA", "Ghana"),
    ("GI", "GIB", "Gibraltar"), ("GL", "GRL", "Greenland"), ("GM", "GMB", "Gambia"), ("GN", "GIN", "Guinea"),
    ("GP", "GLP", "Guadeloupe"), ("GQ", "GNQ", "Equatorial Guinea"), ("GR", "GRC", "Greece"),
    ("GS", "SGS", "South Georgia and the South Sandwich Islands"), ("GT", "GTM", "Guatemala"), ("GU", "GUM", "Guam"),
    ("GW", "GNB", "Guinea-Bissau"), ("GY", "GUY", "Guyana"), ("HK", "HKG", "Hong Kong"),
    ("HM", "HMD", "Heard Island and McDonald Islands"), ("HN", "HND", "Honduras"), ("HR", "HRV", "Croatia"),
    ("HT", "HTI", "Haiti"), ("HU", "HUN", "Hungary"), ("ID", "IDN", "Indonesia"), ("IE", "IRL", "Ireland"),
    ("IL", "ISR", "Israel"), ("IM", "IMN", "Isle of Man"), ("IN", "IND", "India"),
    ("IO", "IOT", "British Indian Ocean Territory"), ("IQ", "IRQ", "Iraq"), ("IR", "IRN", "Iran"),
    ("IS", "ISL", "Iceland"), ("IT", "ITA", "Italy"), ("JE", "JEY", "Jersey"), ("JM", "JAM", "Jamaica"),
    ("JO", "JOR", "Jordan"), ("JP", "JPN", "Japan"), ("KE", "KEN", "Kenya"), ("KG", "KGZ", "Kyrgyzstan"),
    ("KH", "KHM", "Cambodia"), ("KI", "KIR", "Kiribati"), ("KM", "COM", "Comoros"),
    ("KN", "KNA", "Saint Kitts and Nevis"), ("KP", "PRK", "North Korea"), ("KR", "KOR", "South Korea"),
    ("KW", "KWT", "Kuwait"), ("KY", "CYM", "Cayman Islands"), ("KZ", "KAZ", "Kazakhstan"), ("LA", "LAO", "Laos"),
    ("LB", "LBN", "Lebanon"), ("LC", "LCA", "Saint Lucia"), ("LI", "LIE", "Liechtenstein"), ("LK", "LKA", "Sri Lanka"),
    ("LR", "LBR", "Liberia"), ("LS", "LSO", "Lesotho"), ("LT", "LTU", "Lithuania"), ("LU", "LUX", "Luxembourg"),
    ("LV", "LVA", "Latvia"), ("LY", "LBY", "Libya"), ("MA", "MAR", "Morocco"), ("MC", "MCO", "Monaco"),
    ("MD", "MDA", "Moldova"), ("ME", "MNE", "Montenegro"), ("MF", "MAF", "Saint Martin"), ("MG", "MDG", "Madagascar"),
    ("MH", "MHL", "Marshall Islands"), ("MK", "MKD", "North Macedonia"), ("ML", "MLI", "Mali"), ("MM", "MMR", "Myanmar"),
    ("MN", "MNG", "Mongolia"), ("MO", "MAC", "Macao"), ("MP", "MNP", "Northern Mariana Islands"),
    ("MQ", "MTQ", "Martinique"), ("MR", "MRT", "Mauritania"), ("MS", "MSR", "Montserrat"), ("MT", "MLT", "Malta"),
    ("MU", "MUS", "Mauritius"), ("MV", "MDV", "Maldives"), ("MW", "MWI", "Malawi"), ("MX", "MEX", "Mexico"),
    ("MY", "MYS", "Malaysia"), ("MZ", "MOZ", "Mozambique"), ("NA", "NAM", "Namibia"), ("NC", "NCL", "New Caledonia"),
    ("NE", "NER", "Niger"), ("NF", "NFK", "Norfolk Island"), ("NG", "NGA", "Nigeria"), ("NI", "NIC", "Nicaragua"),
    ("NL", "NLD", "Netherlands"), ("NO", "NOR", "Norway"), ("NP", "NPL", "Nepal"), ("NR", "NRU", "Nauru"),
    ("NU", "NIU", "Niue"), ("NZ", "NZL", "New Zealand"), ("OM", "OMN", "Oman"), ("PA", "PAN", "Panama"),
    ("PE", "PER", "Peru"), ("PF", "PYF", "French Polynesia"), ("PG", "PNG", "Papua New Guinea"),
    ("PH", "PHL", "Philippines"), ("PK", "PAK", "Pakistan"), ("PL", "POL", "Poland"),
    ("PM", "SPM", "Saint Pierre and Miquelon"), ("PN", "PCN", "Pitcairn"), ("PR", "PRI", "Puerto Rico"),
    ("PS", "PSE", "Palestine"), ("PT", "PRT", "Portugal"), ("PW", "PLW", "Palau"), ("PY", "PRY", "Paraguay"),
    ("QA", "QAT", "Qatar"), ("RE", "REU", "Réunion"), ("RO", "ROU", "Romania"), ("RS", "SRB", "Serbia"),
    ("RU", "RUS", "Russia"), ("RW", "RWA", "Rwanda"), ("SA", "SAU", "Saudi Arabia"), ("SB", "SLB", "Solomon Islands"),
    ("SC", "SYC", "Seychelles"), ("SD", "SDN", "Sudan"), ("SE", "SWE", "Sweden"), ("SG", "SGP", "Singapore"),
    ("SH", "SHN", "Saint Helena, Ascension and Tristan da Cunha"), ("SI", "SVN", "Slovenia"),
    ("SJ", "SJM", "Svalbard and Jan Mayen"), ("SK", "SVK", "Slovakia"), ("SL", "SLE", "Sierra Leone"),
    ("SM", "SMR", "San Marino"), ("SN", "SEN", "Senegal"), ("SO", "SOM", "Somalia"), ("SR", "SUR", "Suriname"),
    ("SS", "SSD", "South Sudan"), ("ST", "STP", "Sao Tome and Principe"), ("SV", "SLV", "El Salvador"),
    ("SX", "SXM", "Sint Maarten"), ("SY", "SYR", "Syria"), ("SZ", "SWZ", "Eswatini"),
    ("TC", "TCA", "Turks and Caicos Islands"), ("TD", "TCD", "Chad"), ("TF", "ATF", "French Southern Territories"),
    ("TG", "TGO", "Togo"), ("TH", "THA", "Thailand"), ("TJ", "TJK", "Tajikistan"), ("TK", "TKL", "Tokelau"),
    ("TL", "TLS", "Timor-Leste"), ("TM", "TKM", "Turkmenistan"), ("TN", "TUN", "Tunisia"), ("TO", "TON", "Tonga"),
    ("TR", "TUR", "Türkiye"), ("TT", "TTO", "Trinidad and Tobago"), ("TV", "TUV", "Tuvalu"), ("TW", "TWN", "Taiwan"),
    ("TZ", "TZA", "Tanzania"), ("UA", "UKR", "Ukraine"), ("UG", "UGA", "Uganda"),
    ("UM", "UMI", "United States Minor Outlying Islands"), ("US", "USA", "United States"), ("UY", "URY", "Uruguay"),
    ("UZ", "UZB", "Uzbekistan"), ("VA", "VAT", "Vatican City"), ("VC", "VCT", "Saint Vincent and the Grenadines"),
    ("VE", "VEN", "Venezuela"), ("VG", "VGB", "British Virgin Islands"), ("VI", "VIR", "US Virgin Islands"),
    ("VN", "VNM", "Vietnam"), ("VU", "VUT", "Vanuatu"), ("WF", "WLF", "Wallis and Futuna"), ("WS", "WSM", "Samoa"),
    ("YE", "YEM", "Yemen"), ("YT", "MYT", "Mayotte"), ("ZA", "ZAF", "South Africa"), ("ZM", "ZMB", "Zambia"),
    ("ZW", "ZWE", "Zimbabwe"),
];

/// Other names in use: official and older ones, short forms, and what people call their own country.
#[rustfmt::skip]
static NAMES: &[(&str, &str)] = &[
    ("AE", "UAE|Emirates|الإمارات|الإمارات العربية المتحدة|Vereinigte Arabische Emirate|Émirats arabes unis"),
    ("AL", "Shqipëria"),
    ("AM", "Հայաստան"),
    ("AR", "Argentine Republic|Argentinien|Argentine"),
    ("AT", "Österreich|Oesterreich|Autriche|Oostenrijk|Republic of Austria"),
    ("AU", "Commonwealth of Australia|Australien|Australie"),
    ("AX", "Åland|Aland"),
    ("AZ", "Azərbaycan"),
    ("BA", "Bosnia|Bosna i Hercegovina|Bosnia & Herzegovina"),
    ("BD", "বাংলাদেশ"),
    ("BE", "België|Belgique|Belgien|Bélgica|Belgio"),
    ("BG", "България|Bulgarien|Bulgarie"),
    ("BN", "Brunei"),
    ("BO", "Plurinational State of Bolivia|Bolivia (Plurinational State of)"),
    ("BQ", "Caribbean Netherlands|Bonaire"),
    ("BR", "Brasil|Brasilien|Brésil|Brasile|Brazilië"),
    ("BS", "Bahamas, The"),
    ("BY", "Беларусь|Byelorussia|Belarus, Republic of"),
    ("CA", "Kanada|Canadá"),
    ("CD", "DR Congo|DRC|Congo-Kinshasa|Congo (Kinshasa)|Congo, Democratic Republic of the|Congo, The Democratic Republic of the|République démocratique du Congo|Zaire"),
    ("CG", "Republic of the Congo|Congo-Brazzaville|Congo (Brazzaville)|Congo, Republic of the"),
    ("CH", "Schweiz|Suisse|Svizzera|Svizra|Suiza|Zwitserland|Confoederatio Helvetica|Swiss Confederation|Suíça"),
    ("CI", "Ivory Coast|Cote dIvoire|Elfenbeinküste"),
    ("CN", "中国|中國|PRC|People's Republic of China|PR China|Mainland China|Chine|Cina|中华人民共和国"),
    ("CV", "Cape Verde"),
    ("CY", "Κύπρος|Kıbrıs|Zypern"),
    ("CZ", "Czech Republic|Česko|Česká republika|Tschechien|Tschechische Republik|Tchéquie|République tchèque"),
    ("DE", "Deutschland|Federal Republic of Germany|Allemagne|Alemania|Germania|Duitsland|Alemanha|Niemcy|Bundesrepublik Deutschland|BRD|Tyskland"),
    ("DK", "Danmark|Dänemark|Danemark|Dinamarca|Danimarca|Kingdom of Denmark"),
    ("DO", "República Dominicana"),
    ("DZ", "Algérie|الجزائر|Algerien"),
    ("EE", "Eesti|Estland"),
    ("EG", "مصر|Ägypten|Égypte|Egipto|Arab Republic of Egypt"),
    ("ES", "España|Spanien|Espagne|Spagna|Espanha|Spanje|Kingdom of Spain|Espanya"),
    ("FI", "Suomi|Finnland|Finlande|Finlandia"),
    ("FK", "Falkland Islands (Malvinas)|Islas Malvinas"),
    ("FM", "Federated States of Micronesia|Micronesia (Federated States of)"),
    ("FO", "Føroyar|Faroes"),
    ("FR", "Frankreich|Francia|França|Frankrijk|French Republic|République française|Francja"),
    ("GB", "UK|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|United Kingdom of Great Britain and Northern Ireland|Großbritannien|Grossbritannien|Vereinigtes Königreich|Royaume-Uni|Grande-Bretagne|Reino Unido|Regno Unito|Gran Bretaña|Gran Bretagna|Verenigd Koninkrijk|Wielka Brytania|英国"),
    ("GE", "საქართველო|Georgien"),
    ("GM", "Gambia, The"),
    ("GR", "Hellas|Ελλάδα|Griechenland|Grèce|Grecia|EL|Hellenic Republic"),
    ("HK", "香港|Hong Kong SAR|Hong Kong SAR China|Hongkong"),
    ("HR", "Hrvatska|Kroatien|Croatie|Croacia"),
    ("HU", "Magyarország|Ungarn|Hongrie|Hungría"),
    ("ID", "Indonesien|Indonésie"),
    ("IE", "Éire|Republic of Ireland|Irland|Irlande|Irlanda|Ireland, Republic of|Ierland"),
    ("IL", "ישראל|إسرائيل"),
    ("IN", "Bharat|भारत|Republic of India|Indien|Inde"),
    ("IQ", "العراق"),
    ("IR", "Islamic Republic of Iran|Iran, Islamic Republic of|ایران|Persia"),
    ("IS", "Ísland|Island"),
    ("IT", "Italia|Italien|Italie|Itália|Italië|Włochy|Italian Republic"),
    ("JO", "الأردن"),
    ("JP", "日本|日本国|Nippon|Nihon|Japon|Japón|Giappone"),
    ("KG", "Kirghizia|Kyrgyz Republic|Кыргызстан"),
    ("KH", "Kampuchea|កម្ពុជា"),
    ("KP", "Democratic People's Republic of Korea|DPRK|Korea, North|Korea, Democratic People's Republic of|Korea (Democratic People's Republic of)"),
    ("KR", "Korea|Republic of Korea|Korea, Republic of|Korea, South|Korea (Republic of)|대한민국|한국|Südkorea|Corée du Sud|Corea del Sur|韩国"),
    ("KW", "الكويت"),
    ("KZ", "Казахстан|Қазақстан"),
    ("LA", "Lao People's Democratic Republic|Lao PDR|ລາວ"),
    ("LB", "لبنان|Liban"),
    ("LC", "St. Lucia"),
    ("KN", "St. Kitts and Nevis|St. Kitts & Nevis"),
    ("LI", "Principality of Liechtenstein"),
    ("LK", "ශ්‍රී ලංකාව|Ceylon"),
    ("LT", "Lietuva|Litauen|Lituanie"),
    ("LU", "Lëtzebuerg|Luxemburg|Luxemburgo|Lussemburgo"),
    ("LV", "Latvija|Lettland|Lettonie"),
    ("LY", "Libyan Arab Jamahiriya|ليبيا"),
    ("MA", "Maroc|المغرب|Marokko|Marruecos"),
    ("MD", "Republic of Moldova|Moldova, Republic of"),
    ("ME", "Crna Gora"),
    ("MF", "Saint Martin (French part)|St. Martin"),
    ("MK", "Macedonia|Северна Македонија|The former Yugoslav Republic of Macedonia|FYROM"),
    ("MM", "Burma|မြန်မာ"),
    ("MN", "Монгол улс"),
    ("MO", "Macau|澳門|Macao SAR China"),
    ("MX", "México|Méjico|Mexiko|Mexique|Messico|United Mexican States"),
    ("NL", "Holland|The Netherlands|Nederland|Niederlande|Pays-Bas|Países Bajos|Paesi Bassi|Holanda|Kingdom of the Netherlands|Olanda|Holandia"),
    ("NO", "Norge|Noreg|Norwegen|Norvège|Noruega|Norvegia"),
    ("NP", "नेपाल"),
    ("NZ", "Aotearoa|Neuseeland|Nouvelle-Zélande|Nueva Zelanda"),
    ("OM", "عمان"),
    ("PE", "Perú"),
    ("PH", "Pilipinas|Philippinen|Filipinas"),
    ("PK", "پاکستان|Islamic Republic of Pakistan"),
    ("PL", "Polska|Polen|Pologne|Polonia|Republic of Poland"),
    ("PN", "Pitcairn Islands"),
    ("PS", "State of Palestine|Palestinian Territories|Palestine, State of|Palestinian Territory|فلسطين"),
    ("PT", "Portuguese Republic|Portogallo"),
    ("QA", "قطر"),
    ("RE", "La Réunion"),
    ("RO", "România|Rumänien|Roumanie|Rumania"),
    ("RS", "Srbija|Србија|Serbien"),
    ("RU", "Russian Federation|Россия|Российская Федерация|Russland|Russie|Rusia"),
    ("SA", "KSA|Kingdom of Saudi Arabia|السعودية|المملكة العربية السعودية|Saudi-Arabien|Arabie saoudite"),
    ("SE", "Sverige|Schweden|Suède|Suecia|Svezia|Zweden|Kingdom of Sweden"),
    ("SG", "新加坡|Singapur|Singapour"),
    ("SH", "Saint Helena|St. Helena"),
    ("SI", "Slovenija|Slowenien"),
    ("SK", "Slovensko|Slovak Republic|Slowakei|Slovaquie"),
    ("ST", "São Tomé and Príncipe"),
    ("SX", "Sint Maarten (Dutch part)"),
    ("SY", "Syrian Arab Republic|سوريا"),
    ("SZ", "Swaziland"),
    ("TH", "ประเทศไทย|ไทย|Siam"),
    ("TL", "East Timor"),
    ("TN", "Tunisie|تونس"),
    ("TR", "Turkey|Turkiye|Türkei|Turquie|Turquía|Turchia|Republic of Turkey"),
    ("TW", "台灣|台湾|臺灣|Taiwan, Province of China|Republic of China|Chinese Taipei|Taiwan, ROC"),
    ("TZ", "United Republic of Tanzania|Tanzania, United Republic of"),
    ("UA", "Україна|Украина|The Ukraine"),
    ("US", "United States of America|America|U.S.|U.S.A.|The States|Vereinigte Staaten|Vereinigte Staaten von Amerika|États-Unis|États-Unis d'Amérique|Estados Unidos|Estados Unidos de América|EE.UU.|EEUU|Stati Uniti|Verenigde Staten|Stany Zjednoczone|США|美国|アメリカ|アメリカ合衆国|EUA"),
    ("VA", "Holy See|Holy See (Vatican City State)|Vatican|Vatican City State"),
    ("VC", "St. Vincent and the Grenadines|St. Vincent & the Grenadines"),
    ("VE", "Bolivarian Republic of Venezuela|Venezuela (Bolivarian Republic of)"),
    ("VG", "Virgin Islands, British|Virgin Islands (British)"),
    ("VI", "Virgin Islands, US|Virgin Islands (U.S.)|United States Virgin Islands|U.S. Virgin Islands"),
    ("VN", "Viet Nam|Việt Nam"),
    ("XK", "XKX|Kosovo|Kosova|Republic of Kosovo"),
    ("ZA", "RSA|Republic of South Africa|Südafrika|Suid-Afrika|Afrique du Sud|Sudáfrica"),
];

static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for (alpha2, names) in NAMES {
        known.insert(fold(alpha2), *alpha2);
        for name in names.split('|') {
            known.insert(fold(name), *alpha2);
        }
    }
    for (alpha2, alpha3, name) in &COUNTRIES {
        for spelling in [alpha2, alpha3, name] {
            known.insert(fold(spelling), *alpha2);
        }
    }
    known
});

/// The alpha-2 code of a country, from a code or a name in whatever case, with or without accents.
///
/// Names are English, the country's own, and those of large neighbours. Kosovo is `XK`, which
/// ISO 3166 leaves to users and everybody uses.
pub fn alpha2(input: &str) -> Option<&'static str> {
    let folded = fold(input);
    let known = BY_NAME
        .get(&folded)
        .or_else(|| BY_NAME.get(folded.strip_prefix("the")?));
    known.copied()
}

/// Letters alone, in lower case, without accents; `&` is "and".
fn fold(name: &str) -> String {
    let letters = name
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(name.len());
    for c in letters.filter(|c| !is_combining_mark(*c)) {
        match c {
            '&' if !folded.is_empty() => folded.push_str("and"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            c if c.is_alphanumeric() => folded.push(c),
            _ => {}
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_no_code_twice() {
        assert!(COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let alpha3: std::collections::HashSet<&str> =
            COUNTRIES.iter().map(|country| country.1).collect();
        assert_eq!(alpha3.len(), COUNTRIES.len());
    }

    #[test]
    fn no_spelling_means_two_countries() {
        let mut seen: HashMap<String, &str> = HashMap::new();
        let table = COUNTRIES
            .iter()
            .flat_map(|(code, alpha3, name)| [(*code, *code), (*code, *alpha3), (*code, *name)]);
        let names = NAMES
            .iter()
            .flat_map(|(code, names)| names.split('|').map(|name| (*code, name)));
        for (code, spelling) in table.chain(names) {
            let folded = fold(spelling);
            assert!(!folded.is_empty(), "{spelling}");
            if let Some(other) = seen.insert(folded, code) {
                assert_eq!(other, code, "{spelling}");
            }
        }
    }

    #[test]
    fn every_code_and_name_of_the_table_is_known() {
        for (alpha2_code, alpha3, name) in &COUNTRIES {
            for spelling in [alpha2_code, alpha3, name] {
                assert_eq!(
                    alpha2(&spelling.to_lowercase()),
                    Some(*alpha2_code),
                    "{spelling}"
                );
            }
        }
    }

    #[test]
    fn names_in_use_are_known() {
        for (name, code) in [
            ("usa", "US"),
            ("U.S.", "US"),
            ("United States of America", "US"),
            ("the united states", "US"),
            ("uk", "GB"),
            ("Great Britain", "GB"),
            ("England", "GB"),
            ("Holland", "NL"),
            ("The Netherlands", "NL"),
            ("Russia", "RU"),
            ("Czech Republic", "CZ"),
            ("Ivory Coast", "CI"),
            ("Cote d’Ivoire", "CI"),
            ("DEUTSCHLAND", "DE"),
            ("Espana", "ES"),
            ("österreich", "AT"),
            ("Oesterreich", "AT"),
            ("Suisse", "CH"),
            ("日本", "JP"),
            ("Россия", "RU"),
            ("Việt Nam", "VN"),
            (" Trinidad & Tobago ", "TT"),
            ("Turkey", "TR"),
            ("Korea, Republic of", "KR"),
            ("Großbritannien", "GB"),
            ("대한민국", "KR"),
        ] {
            assert_eq!(alpha2(name), Some(code), "{name}");
        }
    }

    #[test]
    fn what_is_no_country_is_none() {
        for name in [
            "", " ", "the", "Atlantis", "XX", "EU", "Europe", "🇩🇪", "!&?", "12",
        ] {
            assert_eq!(alpha2(name), None, "{name}");
        }
    }
}
