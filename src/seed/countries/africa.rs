//! Africa.

use super::Country;

pub const ZA: Country = Country {
    code: "ZA",
    languages: "en-ZA|af|zu",
    currency: "ZAR",
    per_euro: 20,
    given: "Thabo|Lerato|Sipho|Nomvula|Pieter|Anneke|Johan|Zanele|Kagiso|Chantelle|Mandla",
    family: "Dlamini|Nkosi|van der Merwe|Botha|Khumalo|Naidoo|Mokoena|Pretorius|Zulu|Govender",
    cities: &[
        ("Johannesburg", "Gauteng", "20##", "Africa/Johannesburg"),
        ("Cape Town", "Western Cape", "80##", "Africa/Johannesburg"),
        ("Durban", "KwaZulu-Natal", "40##", "Africa/Johannesburg"),
    ],
    streets: "%# Long Street|%## Nelson Mandela Drive|%# Kloof Road",
    phones: "+27 82 ### ####|+27 83 ### ####|+27 11 4## ####|+27 21 4## ####",
    trunk: Some("0"),
    firms: "Protea|Springbok|Table Bay|Ubuntu|Highveld|Karoo",
    trades: "Software|Freight|Civils|Stores|Health|Power",
    forms: "(Pty) Ltd|Ltd|CC",
    titles: "Managing Director|Sales Executive|IT Manager|Procurement Officer",
};

pub const EG: Country = Country {
    code: "EG",
    languages: "ar-EG",
    currency: "EGP",
    per_euro: 55,
    given: "أحمد=Ahmed|فاطمة=Fatma|محمود=Mahmoud|نور=Nour|يوسف=Youssef|مريم=Mariam|كريم=Karim|ياسمين=Yasmin",
    family: "حسن=Hassan|إبراهيم=Ibrahim|السيد=El Sayed|عبد الله=Abdallah|منصور=Mansour|فؤاد=Fouad|الشريف=El Sherif",
    cities: &[
        ("القاهرة", "القاهرة", "115##", "Africa/Cairo"),
        ("الإسكندرية", "الإسكندرية", "215##", "Africa/Cairo"),
        ("الجيزة", "الجيزة", "125##", "Africa/Cairo"),
    ],
    streets: "%# شارع التحرير|%# شارع النيل|%## طريق الحرية",
    phones: "+20 100 ### ####|+20 111 ### ####|+20 122 ### ####",
    trunk: Some("0"),
    firms: "النيل=Nile|الأهرام=Ahram|الدلتا=Delta|سيناء=Sinai|الفيروز=Fayrouz",
    trades: "للبرمجيات=Software|للنقل=Transport|للمقاولات=Contracting|للتجارة=Trading|للرعاية الصحية=Health|للطاقة=Energy",
    forms: "ش.م.م|ذ.م.م",
    titles: "مدير عام|مدير المبيعات|مهندس نظم|مديرة التسويق",
};

pub const NG: Country = Country {
    code: "NG",
    languages: "en-NG|yo|ig",
    currency: "NGN",
    per_euro: 1700,
    given: "Chinedu|Amina|Oluwaseun|Ngozi|Ibrahim|Folake|Emeka|Yetunde|Musa|Chiamaka",
    family: "Okafor|Adeyemi|Bello|Eze|Abubakar|Ogunleye|Nwosu|Balogun|Okonkwo|Danjuma",
    cities: &[
        ("Lagos", "Lagos", "1001##", "Africa/Lagos"),
        ("Abuja", "FCT", "9001##", "Africa/Lagos"),
        ("Port Harcourt", "Rivers", "5001##", "Africa/Lagos"),
    ],
    streets: "%# Adeola Odeku Street|%## Ahmadu Bello Way|%# Aba Road",
    phones: "+234 803 ### ####|+234 806 ### ####|+234 703 ### ####",
    trunk: Some("0"),
    firms: "Eko|Savannah|Palmgrove|Zuma|Niger Delta",
    trades: "Technologies|Haulage|Construction|Stores|Medicals|Power",
    forms: "Limited|PLC|Ltd",
    titles: "Managing Director|Head of Procurement|Business Development Manager|IT Lead",
};
