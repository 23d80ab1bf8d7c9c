//! What people write, by the language they write in.

/// A language's first subtag, and messages in it.
const MESSAGES: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "Could you send me a quote for 25 seats?",
            "We are replacing our current supplier in the next quarter. Please call me.",
            "Does this work with our existing system? We have about 40 users.",
            "Saw you at the trade show and would like a demo.",
            "How soon could you deliver?",
            "Just looking around for now, please send me some information.",
        ],
    ),
    (
        "de",
        &[
            "Bitte rufen Sie mich an, wir suchen eine Lösung für 30 Arbeitsplätze.",
            "Können Sie mir bis Freitag ein Angebot schicken?",
            "Wir möchten im nächsten Quartal wechseln. Was kostet das?",
        ],
    ),
    (
        "fr",
        &[
            "Pourriez-vous m'envoyer un devis pour 15 postes ?",
            "Nous aimerions une démonstration la semaine prochaine.",
            "Quels sont vos délais de livraison ?",
        ],
    ),
    (
        "es",
        &[
            "¿Podrían enviarme un presupuesto para 20 usuarios?",
            "Quisiera una demostración la próxima semana.",
        ],
    ),
    (
        "pt",
        &[
            "Gostaria de receber uma proposta para 50 usuários.",
            "Vocês atendem a nossa região? Aguardo contato.",
        ],
    ),
    (
        "it",
        &[
            "Vorrei un preventivo per 10 postazioni.",
            "È possibile avere una dimostrazione?",
        ],
    ),
    ("nl", &["Kunt u mij een offerte sturen voor 12 gebruikers?"]),
    ("pl", &["Proszę o ofertę dla 40 użytkowników."]),
    ("sv", &["Kan ni skicka en offert på 15 licenser?"]),
    ("cs", &["Prosím o cenovou nabídku pro 20 uživatelů."]),
    ("el", &["Θα ήθελα μια προσφορά για 10 χρήστες."]),
    (
        "uk",
        &["Надішліть, будь ласка, пропозицію на 25 користувачів."],
    ),
    ("tr", &["20 kullanıcı için teklif alabilir miyim?"]),
    (
        "ja",
        &[
            "見積もりをお願いします。利用者は30名です。",
            "来週、デモを見せていただけますか。",
        ],
    ),
    ("ko", &["20명 기준으로 견적을 부탁드립니다."]),
    (
        "zh",
        &[
            "请给我们发一份报价，大约五十个用户。",
            "下周可以安排演示吗？",
        ],
    ),
    ("hi", &["कृपया 15 उपयोगकर्ताओं के लिए कोटेशन भेजें।"]),
    ("th", &["ขอใบเสนอราคาสำหรับผู้ใช้ 10 คน"]),
    ("he", &["אשמח לקבל הצעת מחיר ל-20 משתמשים."]),
    ("ar", &["أرجو إرسال عرض سعر لعشرين مستخدماً."]),
];

/// The words next to a box that agrees to mail, by language.
const CONSENTS: &[(&str, &str)] = &[
    ("en", "Yes, write to me about products and events."),
    ("de", "Ja, bitte informieren Sie mich per E-Mail."),
    (
        "fr",
        "Oui, j'accepte de recevoir vos informations par e-mail.",
    ),
    (
        "es",
        "Sí, deseo recibir información por correo electrónico.",
    ),
    ("pt", "Sim, quero receber novidades por e-mail."),
    ("ja", "はい、メールでの案内を希望します。"),
];

/// Messages in the language of a tag such as `de-AT`; English ones where there are none.
pub fn messages(language: &str) -> &'static [&'static str] {
    of(MESSAGES, language).unwrap_or_default()
}

/// The words of a consent in the language of a tag; in English where there are none.
pub fn consent(language: &str) -> &'static str {
    of(CONSENTS, language).unwrap_or_default()
}

fn of<T: Copy>(texts: &[(&str, T)], language: &str) -> Option<T> {
    let first = language.split('-').next().unwrap_or_default();
    let found = texts.iter().find(|(of, _)| *of == first);
    found.or(texts.first()).map(|(_, text)| *text)
}
