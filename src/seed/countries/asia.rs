//! Asia and the Pacific.

use super::Country;

pub const JP: Country = Country {
    code: "JP",
    languages: "ja",
    currency: "JPY",
    per_euro: 160,
    given: "太郎=Taro|花子=Hanako|健一=Kenichi|美咲=Misaki|大輔=Daisuke|陽子=Yoko|翔太=Shota|さくら=Sakura|直樹=Naoki|恵=Megumi|蓮=Ren|葵=Aoi",
    family: "佐藤=Sato|鈴木=Suzuki|高橋=Takahashi|田中=Tanaka|伊藤=Ito|渡辺=Watanabe|山本=Yamamoto|中村=Nakamura|小林=Kobayashi|加藤=Kato|斎藤=Saito",
    cities: &[
        ("千代田区", "東京都", "10#-####", "Asia/Tokyo"),
        ("大阪市", "大阪府", "53#-####", "Asia/Tokyo"),
        ("名古屋市", "愛知県", "46#-####", "Asia/Tokyo"),
        ("札幌市", "北海道", "06#-####", "Asia/Tokyo"),
    ],
    streets: "丸の内%丁目%番%号|梅田%-%-%#|栄%-%-%|本町%丁目%#",
    phones: "+81 90-%###-####|+81 80-%###-####|+81 3-5%##-####",
    trunk: Some("0"),
    firms: "富士=Fuji|桜=Sakura|大和=Yamato|青空=Aozora|北斗=Hokuto|みらい=Mirai",
    trades: "ソフト=Soft|物流=Logistics|建設=Construction|商店=Shoten|メディカル=Medical|エナジー=Energy",
    forms: "株式会社|合同会社|有限会社",
    titles: "代表取締役|営業部長|情報システム課長|マーケティング担当|購買主任",
};

pub const KR: Country = Country {
    code: "KR",
    languages: "ko",
    currency: "KRW",
    per_euro: 1500,
    given: "민준=Minjun|서연=Seoyeon|지훈=Jihoon|수빈=Subin|현우=Hyunwoo|지우=Jiwoo|도윤=Doyun|하은=Haeun",
    family: "김=Kim|이=Lee|박=Park|최=Choi|정=Jung|강=Kang|조=Cho|윤=Yoon|장=Jang|임=Lim",
    cities: &[
        ("서울", "서울특별시", "04###", "Asia/Seoul"),
        ("부산", "부산광역시", "48###", "Asia/Seoul"),
        ("대전", "대전광역시", "34###", "Asia/Seoul"),
    ],
    streets: "테헤란로 %##|세종대로 %#|해운대로 %##",
    phones: "+82 10-2###-####|+82 10-4###-####|+82 2-%##-####",
    trunk: Some("0"),
    firms: "한빛=Hanbit|미래=Mirae|대한=Daehan|푸른=Pureun|서울=Seoul",
    trades: "소프트=Soft|물류=Logistics|건설=Construction|상사=Trading|메디칼=Medical|에너지=Energy",
    forms: "주식회사|유한회사",
    titles: "대표이사|영업부장|마케팅 팀장|전산 과장|구매 담당",
};

pub const CN: Country = Country {
    code: "CN",
    languages: "zh-CN",
    currency: "CNY",
    per_euro: 8,
    given: "伟=Wei|芳=Fang|娜=Na|秀英=Xiuying|敏=Min|静=Jing|强=Qiang|磊=Lei|洋=Yang|艳=Yan|子涵=Zihan|浩然=Haoran",
    family: "王=Wang|李=Li|张=Zhang|刘=Liu|陈=Chen|杨=Yang|黄=Huang|赵=Zhao|周=Zhou|吴=Wu|欧阳=Ouyang",
    cities: &[
        ("北京", "北京市", "1000##", "Asia/Shanghai"),
        ("上海", "上海市", "2000##", "Asia/Shanghai"),
        ("深圳", "广东省", "5180##", "Asia/Shanghai"),
        ("成都", "四川省", "6100##", "Asia/Shanghai"),
    ],
    streets: "建国路%#号|南京西路%##号|深南大道%##号|天府大道%##号",
    phones: "+86 138 #### ####|+86 139 #### ####|+86 158 #### ####",
    trunk: Some(""),
    firms: "长城=Changcheng|东方=Dongfang|华星=Huaxing|金龙=Jinlong|蓝海=Lanhai|天河=Tianhe",
    trades: "软件=Software|物流=Logistics|建筑=Construction|商贸=Trading|医疗=Medical|能源=Energy",
    forms: "有限公司|股份有限公司",
    titles: "总经理|销售经理|采购主管|信息技术总监|市场专员",
};

pub const IN: Country = Country {
    code: "IN",
    languages: "en-IN|hi|ta",
    currency: "INR",
    per_euro: 95,
    given: "Aarav|Ananya|Vikram|Priya|Rohan|Kavya|Sanjay|Meera|Arjun|Deepika|आदित्य=Aditya|पूजा=Pooja|Lakshmi|Mohammed",
    family: "Sharma|Patel|Reddy|Iyer|Singh|Gupta|Nair|Khan|Mukherjee|Desai|वर्मा=Verma|Krishnan",
    cities: &[
        ("Mumbai", "Maharashtra", "4000##", "Asia/Kolkata"),
        ("Bengaluru", "Karnataka", "5600##", "Asia/Kolkata"),
        ("New Delhi", "Delhi", "1100##", "Asia/Kolkata"),
        ("Chennai", "Tamil Nadu", "6000##", "Asia/Kolkata"),
        ("Kolkata", "West Bengal", "7000##", "Asia/Kolkata"),
    ],
    streets: "%## MG Road|Plot %#, Sector %|%# Nehru Street|%-A Park Avenue",
    phones: "+91 98### #####|+91 99### #####|+91 90### #####",
    trunk: Some("0"),
    firms: "Ganga|Lotus|Himalaya|Banyan|Deccan|Saffron|Malabar",
    trades: "Infotech|Logistics|Infra|Traders|Healthcare|Power",
    forms: "Pvt. Ltd.|Ltd.|LLP",
    titles: "Managing Director|Manager - Procurement|AGM Sales|Senior Software Engineer|Head - IT",
};

pub const SG: Country = Country {
    code: "SG",
    languages: "en-SG|zh-SG|ms",
    currency: "SGD",
    per_euro: 1,
    given: "Wei Ling|Jun Jie|Siti|Kumar|Hui Min|Farid|Xin Yi|Rajesh",
    family: "Tan|Lim|Lee|Ng|Wong|bin Rahman|Goh|Chua|Pillai",
    cities: &[("Singapore", "", "0%####", "Asia/Singapore")],
    streets: "%# Orchard Road #0%-##|%## Tanjong Pagar Road|%# Raffles Place",
    phones: "+65 91## ####|+65 96## ####|+65 63## ####",
    trunk: Some(""),
    firms: "Merlion|Straits|Marina|Temasia|Raintree",
    trades: "Software|Shipping|Builders|Retail|Medical|Energy",
    forms: "Pte. Ltd.|LLP",
    titles: "Director|Regional Sales Manager|Operations Executive|Chief Technology Officer",
};

pub const TH: Country = Country {
    code: "TH",
    languages: "th",
    currency: "THB",
    per_euro: 38,
    given: "สมชาย=Somchai|สุดา=Suda|ณัฐพล=Nattapon|พิมพ์ชนก=Pimchanok|อนันต์=Anan|วรรณา=Wanna",
    family: "ใจดี=Jaidee|ศรีสุข=Srisuk|ทองดี=Thongdee|วงศ์สวัสดิ์=Wongsawat|บุญมี=Boonmee",
    cities: &[
        ("กรุงเทพมหานคร", "กรุงเทพมหานคร", "10##0", "Asia/Bangkok"),
        ("เชียงใหม่", "เชียงใหม่", "50##0", "Asia/Bangkok"),
    ],
    streets: "%# ถนนสุขุมวิท|%## ถนนพระราม 4|%# ถนนนิมมานเหมินท์",
    phones: "+66 81 ### ####|+66 89 ### ####|+66 2 6## ####",
    trunk: Some("0"),
    firms: "สยาม=Siam|ช้างทอง=Changthong|เจ้าพระยา=Chaophraya|ดอกบัว=Dokbua",
    trades: "ซอฟต์แวร์=Software|ขนส่ง=Transport|ก่อสร้าง=Construction|พาณิชย์=Trading|การแพทย์=Medical|พลังงาน=Energy",
    forms: "จำกัด|จำกัด (มหาชน)",
    titles: "กรรมการผู้จัดการ|ผู้จัดการฝ่ายขาย|เจ้าหน้าที่จัดซื้อ",
};

pub const IL: Country = Country {
    code: "IL",
    languages: "he",
    currency: "ILS",
    per_euro: 4,
    given: "נועם=Noam|תמר=Tamar|יוסף=Yosef|מיכל=Michal|דוד=David|שירה=Shira|אורי=Uri|יעל=Yael",
    family: "כהן=Cohen|לוי=Levi|מזרחי=Mizrahi|פרץ=Peretz|ביטון=Biton|אברהם=Avraham|פרידמן=Friedman",
    cities: &[
        ("תל אביב-יפו", "תל אביב", "6%#####", "Asia/Jerusalem"),
        ("ירושלים", "ירושלים", "9%#####", "Asia/Jerusalem"),
        ("חיפה", "חיפה", "3%#####", "Asia/Jerusalem"),
    ],
    streets: "רחוב הרצל %#|שדרות רוטשילד %#|רחוב יפו %##",
    phones: "+972 52-%##-####|+972 54-%##-####|+972 3-6%#-####",
    trunk: Some("0"),
    firms: "כרמל=Carmel|גליל=Galil|ארז=Erez|נגב=Negev|תבור=Tavor",
    trades: "תוכנה=Software|לוגיסטיקה=Logistics|בנייה=Building|מסחר=Trade|בריאות=Health|אנרגיה=Energy",
    forms: "בע\"מ",
    titles: "מנכ\"ל|סמנכ\"לית שיווק|מנהל רכש|מנהלת מערכות מידע",
};

pub const AE: Country = Country {
    code: "AE",
    languages: "ar|en|en",
    currency: "AED",
    per_euro: 4,
    given: "محمد=Mohammed|عائشة=Aisha|خالد=Khalid|Fatima|Omar|Rania|John|Anjali",
    family: "المنصوري=Al Mansoori|النعيمي=Al Nuaimi|Al Maktoum|Haddad|Khan|Fernandes|Rahman",
    cities: &[
        ("Dubai", "Dubai", "", "Asia/Dubai"),
        ("أبو ظبي", "أبو ظبي", "", "Asia/Dubai"),
        ("Sharjah", "Sharjah", "", "Asia/Dubai"),
    ],
    streets: "Office %##, Sheikh Zayed Road|شارع الكورنيش %#|Al Wahda Street %#",
    phones: "+971 50 %## ####|+971 55 %## ####|+971 4 3## ####",
    trunk: Some("0"),
    firms: "Falcon|Oasis|Al Noor|Pearl|Desert Rose",
    trades: "Technologies|Logistics|Contracting|Trading|Healthcare|Energy",
    forms: "LLC|FZE|FZ-LLC|PJSC",
    titles: "General Manager|Procurement Specialist|Head of Sales|مدير تقنية المعلومات",
};

pub const AU: Country = Country {
    code: "AU",
    languages: "en-AU",
    currency: "AUD",
    per_euro: 2,
    given: "Jack|Matilda|Lachlan|Isla|Cooper|Ruby|Angus|Zoe|Minh|Siobhan|Kirra",
    family: "Nguyen|Kelly|Walker|Harris|O'Brien|Murphy|Papadopoulos|Lee|Whitmore|McKenzie",
    cities: &[
        ("Sydney", "NSW", "20##", "Australia/Sydney"),
        ("Melbourne", "VIC", "30##", "Australia/Melbourne"),
        ("Brisbane", "QLD", "40##", "Australia/Brisbane"),
        ("Perth", "WA", "60##", "Australia/Perth"),
        ("Adelaide", "SA", "50##", "Australia/Adelaide"),
    ],
    streets: "%## George Street|Level %, %# Collins Street|%# Banksia Close|Unit %/%# Wattle Road",
    phones: "+61 412 ### ###|+61 431 ### ###|+61 2 9%## ####|+61 3 9%## ####",
    trunk: Some("0"),
    firms: "Southern Cross|Wattle|Coral Coast|Kookaburra|Outback|Billabong",
    trades: "Software|Freight|Constructions|Traders|Health|Solar",
    forms: "Pty Ltd|Ltd|Pty. Ltd.",
    titles: "Managing Director|Sales Lead|Operations Manager|Practice Manager|Site Supervisor",
};
