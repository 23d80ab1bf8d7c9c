//! The Americas.

use super::Country;

pub const US: Country = Country {
    code: "US",
    languages: "en-US|en-US|en-US|es-US",
    currency: "USD",
    per_euro: 1,
    given: "James|Mary|Robert|Patricia|Michael|Jennifer|David|Linda|Daniel|Elizabeth|Marcus|Keisha|Jose|Maria|Wei|Priya|Tyler|Ashley|Brandon|Nicole|Darnell|Imani|Ethan|Olivia",
    family: "Smith|Johnson|Williams|Brown|Jones|Garcia|Miller|Davis|Rodriguez|Martinez|Hernandez|Lopez|Wilson|Anderson|Thomas|Taylor|Moore|Jackson|Nguyen|O'Connor|Washington|Kowalski|Patel|Chen",
    cities: &[
        ("New York", "NY", "100##", "America/New_York"),
        ("San Francisco", "CA", "941##", "America/Los_Angeles"),
        ("Chicago", "IL", "606##", "America/Chicago"),
        ("Austin", "TX", "787##", "America/Chicago"),
        ("Denver", "CO", "802##", "America/Denver"),
        ("Seattle", "WA", "981##", "America/Los_Angeles"),
        ("Phoenix", "AZ", "850##", "America/Phoenix"),
        ("Miami", "FL", "331##", "America/New_York"),
    ],
    streets: "%## Main Street|%## Oak Avenue|%### Market Street, Suite %#|%## Maple Drive|%# Elm Court",
    phones: "+1 212-%##-####|+1 415-%##-####|+1 312-%##-####|+1 512-%##-####|+1 (303) %##-####|+1 206.%##.####",
    trunk: Some(""),
    firms: "Blue Ridge|Lakeside|Pioneer|Summit|Redwood|Liberty|Harbor|Northstar|Ironwood|Prairie",
    trades: "Software|Freight|Builders|Outfitters|Medical|Power",
    forms: "Inc.|LLC|Corp.|Co.",
    titles: "Chief Executive Officer|VP Sales|Director of Marketing|IT Manager|Head of Operations|Purchasing Manager|Owner|Software Engineer|Office Manager|CFO",
};

pub const CA: Country = Country {
    code: "CA",
    languages: "en-CA|en-CA|fr-CA",
    currency: "CAD",
    per_euro: 2,
    given: "Liam|Emma|Noah|Charlotte|Jean-François|Geneviève|Mathieu|Élodie|Gurpreet|Mei|Connor|Hannah|Étienne|Sophie",
    family: "Tremblay|Gagnon|Roy|Côté|MacDonald|Campbell|Singh|Wong|Bouchard|Fraser|Lavoie|Stewart|Nguyen|Bélanger",
    cities: &[
        ("Toronto", "ON", "M5@ %@#", "America/Toronto"),
        ("Montréal", "QC", "H3@ %@#", "America/Toronto"),
        ("Vancouver", "BC", "V6@ %@#", "America/Vancouver"),
        ("Calgary", "AB", "T2@ %@#", "America/Edmonton"),
        ("Halifax", "NS", "B3@ %@#", "America/Halifax"),
    ],
    streets: "%## King Street West|%### rue Sainte-Catherine|%## Granville Street|%# Maple Crescent",
    phones: "+1 416-%##-####|+1 514-%##-####|+1 604-%##-####|+1 403-%##-####",
    trunk: Some(""),
    firms: "Maple Leaf|Boréal|Great Lakes|Laurentide|Rocky Mountain|Érable|Pacific Rim|Tundra",
    trades: "Software|Transport|Construction|Supply|Santé|Hydro",
    forms: "Inc.|Ltd.|Ltée|ULC",
    titles: "President|Directrice générale|Sales Manager|Chef de produit|IT Director|Procurement Lead|Marketing Coordinator",
};

pub const MX: Country = Country {
    code: "MX",
    languages: "es-MX",
    currency: "MXN",
    per_euro: 20,
    given: "José|María|Guadalupe|Juan|Alejandra|Luis|Fernanda|Miguel Ángel|Sofía|Ricardo|Ximena|Héctor",
    family: "Hernández García|López Martínez|González Pérez|Ramírez Cruz|Flores Ortiz|Morales Reyes|Mendoza Ruiz|Ibáñez Núñez|Vázquez Soto",
    cities: &[
        ("Ciudad de México", "CDMX", "06###", "America/Mexico_City"),
        ("Guadalajara", "Jalisco", "441##", "America/Mexico_City"),
        ("Monterrey", "Nuevo León", "640##", "America/Monterrey"),
        ("Tijuana", "Baja California", "220##", "America/Tijuana"),
    ],
    streets: "Av. Insurgentes Sur %##|Calle Hidalgo %#|Av. Juárez %##, Col. Centro|Calle 5 de Mayo %#",
    phones: "+52 55 %### ####|+52 33 3%## ####|+52 81 8%## ####",
    trunk: Some(""),
    firms: "Azteca|Del Valle|Sierra Madre|Quetzal|Nopal|Anáhuac",
    trades: "Software|Logística|Constructora|Comercial|Salud|Energía",
    forms: "S.A. de C.V.|S. de R.L. de C.V.|S.A.P.I. de C.V.",
    titles: "Director General|Gerente de Ventas|Jefa de Compras|Ingeniero de Sistemas|Gerente de Mercadotecnia",
};

pub const BR: Country = Country {
    code: "BR",
    languages: "pt-BR",
    currency: "BRL",
    per_euro: 6,
    given: "João|Ana|Pedro|Beatriz|Lucas|Mariana|Thiago|Camila|Antônio|Júlia|Rafael|Larissa|Conceição|Otávio",
    family: "da Silva|dos Santos|Oliveira|Souza|Pereira|Costa|Rodrigues|Almeida|Nascimento|Araújo|Gonçalves|Ribeiro",
    cities: &[
        ("São Paulo", "SP", "01###-###", "America/Sao_Paulo"),
        ("Rio de Janeiro", "RJ", "20###-###", "America/Sao_Paulo"),
        ("Belo Horizonte", "MG", "30###-###", "America/Sao_Paulo"),
        ("Manaus", "AM", "69###-###", "America/Manaus"),
        ("Recife", "PE", "50###-###", "America/Recife"),
    ],
    streets: "Av. Paulista, %###|Rua das Flores, %##|Rua XV de Novembro, %##|Travessa do Comércio, %#",
    phones: "+55 11 9%###-####|+55 21 9%###-####|+55 31 9%###-####|+55 11 3%##-####",
    trunk: Some(""),
    firms: "Ipê|Amazônia|Guanabara|Bandeirante|Cruzeiro|Paraná|Jatobá",
    trades: "Sistemas|Transportes|Construções|Comércio|Saúde|Energia",
    forms: "Ltda.|S.A.|EIRELI|ME",
    titles: "Diretor Comercial|Gerente de Marketing|Sócia-proprietária|Analista de Compras|Coordenador de TI",
};

pub const AR: Country = Country {
    code: "AR",
    languages: "es-AR",
    currency: "ARS",
    per_euro: 1500,
    given: "Martín|Lucía|Facundo|Valentina|Ignacio|Agustina|Joaquín|Milagros|Ezequiel|Rocío",
    family: "Fernández|Sánchez|Romero|Acosta|Benítez|Giménez|Domínguez|Bianchi|Peralta|Quiroga",
    cities: &[
        (
            "Buenos Aires",
            "CABA",
            "C1##%@@@",
            "America/Argentina/Buenos_Aires",
        ),
        (
            "Córdoba",
            "Córdoba",
            "X500#@@@",
            "America/Argentina/Cordoba",
        ),
        (
            "Mendoza",
            "Mendoza",
            "M550#@@@",
            "America/Argentina/Mendoza",
        ),
    ],
    streets: "Av. Corrientes %###|Calle San Martín %##|Av. Rivadavia %###",
    phones: "+54 11 4%##-####|+54 9 11 5%##-####",
    trunk: None,
    firms: "Pampa|Del Plata|Aconcagua|Ombú|Río Dulce",
    trades: "Software|Logística|Construcciones|Distribuidora|Salud|Energía",
    forms: "S.A.|S.R.L.|S.A.S.",
    titles: "Gerente General|Responsable de Compras|Jefe de Sistemas|Directora de Marketing",
};
