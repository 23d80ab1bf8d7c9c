//! Given names that stand for one another.

/// Each line is a name and what people who have it are called; the first letter may be shared by several lines.
const GROUPS: &[&[&str]] = &[
    &[
        "alexander",
        "alex",
        "alec",
        "sandy",
        "sasha",
        "aleksandr",
        "alexandre",
        "alejandro",
        "xander",
    ],
    &["alexandra", "alex", "sandra", "sasha", "lexi", "alexa"],
    &["albert", "al", "bert", "alberto", "albrecht"],
    &["alfred", "al", "fred", "alf", "alfie", "alfredo"],
    &[
        "andrew", "andy", "drew", "andreas", "andre", "andrei", "andres", "andrea",
    ],
    &[
        "anthony", "tony", "antony", "anton", "antonio", "antoine", "ant",
    ],
    &[
        "anne", "ann", "anna", "annie", "nan", "nancy", "hannah", "anya", "ana",
    ],
    &["arthur", "art", "artie", "arturo"],
    &["barbara", "barb", "babs", "bobbie", "barbie"],
    &["benjamin", "ben", "benny", "benjy", "benji"],
    &["bernard", "bernie", "bernhard", "bernd", "bernardo"],
    &[
        "catherine",
        "cathy",
        "kate",
        "katie",
        "kathy",
        "katherine",
        "kathryn",
        "cat",
        "kit",
        "kitty",
        "katharina",
        "catarina",
        "ekaterina",
        "katya",
        "karin",
        "kathleen",
        "catalina",
        "kay",
    ],
    &[
        "charles", "charlie", "chuck", "chas", "karl", "carl", "carlos", "carlo", "chip",
    ],
    &["charlotte", "lottie", "charlie", "lotte"],
    &[
        "christopher",
        "chris",
        "kit",
        "topher",
        "christoph",
        "cristobal",
        "christophe",
        "kristoffer",
    ],
    &[
        "christine",
        "chris",
        "tina",
        "christina",
        "chrissie",
        "kristina",
        "kirsten",
        "cristina",
        "kristin",
    ],
    &["daniel", "dan", "danny", "daniele"],
    &["danielle", "dani", "daniela"],
    &["david", "dave", "davy", "davey"],
    &["deborah", "deb", "debbie", "debra"],
    &["donald", "don", "donny"],
    &["dorothy", "dot", "dottie", "dolly", "dorothea", "dora"],
    &[
        "edward", "ed", "eddie", "ted", "ned", "teddy", "eduard", "eduardo", "edouard",
    ],
    &["edmund", "ed", "eddie", "ned", "ted"],
    &["edwin", "ed", "eddie", "ned"],
    &[
        "eleanor", "ellie", "nell", "nora", "elinor", "leonora", "lenore", "elena",
    ],
    &[
        "elizabeth",
        "liz",
        "beth",
        "betty",
        "lizzie",
        "eliza",
        "betsy",
        "libby",
        "lisa",
        "elisabeth",
        "elsie",
        "bess",
        "elise",
        "bettie",
        "isabel",
        "isabella",
        "ella",
        "lise",
        "liesl",
    ],
    &["emily", "em", "emma", "emmy", "emilia"],
    &["eugene", "gene", "evgeny", "yevgeny", "eugen"],
    &["ferdinand", "ferdy", "fernando"],
    &["florence", "flo", "flossie"],
    &[
        "frances",
        "fran",
        "fanny",
        "frankie",
        "francesca",
        "francoise",
    ],
    &[
        "francis",
        "frank",
        "francisco",
        "franz",
        "francois",
        "francesco",
        "paco",
        "frankie",
    ],
    &[
        "frederick",
        "fred",
        "freddie",
        "freddy",
        "friedrich",
        "federico",
        "fritz",
        "frederic",
        "fredrick",
        "frederic",
    ],
    &["gabriel", "gabe", "gabi"],
    &["geoffrey", "geoff", "jeff", "jeffrey"],
    &[
        "george", "georg", "jorge", "giorgio", "georges", "yuri", "georgie", "jorgen",
    ],
    &["gerald", "gerry", "jerry", "gerhard", "gerard", "gerd"],
    &["gregory", "greg", "gregor", "grigory"],
    &["gwendolyn", "gwen", "wendy"],
    &["harold", "harry", "hal", "harald"],
    &[
        "helen", "nell", "nellie", "ellen", "helena", "elena", "lena", "helene",
    ],
    &[
        "henry", "harry", "hank", "hal", "heinrich", "enrique", "henri", "enrico", "heinz",
        "hendrik", "henrik",
    ],
    &["herbert", "bert", "herb", "herbie"],
    &["hugh", "hughie", "hugo"],
    &["isaac", "ike", "zac"],
    &["jacob", "jake", "jakob", "jack", "jacobo"],
    &[
        "james", "jim", "jimmy", "jamie", "jaime", "diego", "santiago", "jacques", "giacomo", "jas",
    ],
    &["jane", "janet", "jenny", "jan", "jean", "joan", "janie"],
    &["jennifer", "jen", "jenny", "jenn"],
    &["jessica", "jess", "jessie"],
    &[
        "john", "jack", "johnny", "jon", "johann", "johannes", "hans", "ivan", "juan", "jean",
        "giovanni", "ian", "sean", "jan", "johan", "evan", "jens", "hannes", "gianni",
    ],
    &["jonathan", "jon", "john", "nathan", "jonny"],
    &[
        "joseph", "joe", "joey", "jo", "josef", "jose", "giuseppe", "pepe", "sepp", "iosif",
        "yusuf",
    ],
    &["josephine", "jo", "josie", "josefa", "fina"],
    &["joshua", "josh"],
    &["judith", "judy", "jude"],
    &["julia", "julie", "juliette", "julie", "yulia", "giulia"],
    &["kenneth", "ken", "kenny"],
    &[
        "lawrence", "larry", "laurence", "lorenz", "lorenzo", "laurent", "lars", "laurie",
    ],
    &["leonard", "len", "lenny", "leo", "leonardo", "leonhard"],
    &[
        "lewis", "lew", "lou", "louis", "luis", "ludwig", "luigi", "louie",
    ],
    &["louise", "lou", "luisa", "louisa"],
    &["lucy", "lucia", "lucille", "lucinda", "lu"],
    &["ludovic", "ludo"],
    &[
        "madeline",
        "maddie",
        "maddy",
        "madeleine",
        "magdalena",
        "magda",
        "lena",
    ],
    &[
        "margaret",
        "maggie",
        "meg",
        "peggy",
        "marge",
        "margie",
        "greta",
        "rita",
        "peg",
        "daisy",
        "margarita",
        "margarete",
        "marguerite",
        "margot",
        "madge",
        "gretchen",
        "megan",
    ],
    &["martha", "patty", "mattie", "marta"],
    &["martin", "marty", "martino"],
    &[
        "mary", "molly", "polly", "maria", "marie", "mia", "mamie", "minnie", "marion", "miriam",
        "maryam", "mariam", "masha",
    ],
    &["matilda", "tilly", "mattie", "mathilde", "maud"],
    &[
        "matthew", "matt", "matty", "mateo", "matteo", "matthias", "mathieu", "matthieu",
        "matthaus",
    ],
    &["maximilian", "max", "maxim", "maxwell"],
    &[
        "michael", "mike", "mick", "mickey", "mikey", "miguel", "michel", "mikhail", "michele",
        "mischa", "micha", "misha", "micky",
    ],
    &["nathaniel", "nat", "nate", "nathan"],
    &[
        "nicholas", "nick", "nicky", "nicolas", "nikolaus", "klaus", "nico", "nikolai", "nicola",
        "claus", "niklas", "kolya",
    ],
    &["oliver", "ollie", "olly", "olivier"],
    &["olivia", "liv", "livvy", "ollie"],
    &["pamela", "pam", "pammy"],
    &["patricia", "pat", "patty", "tricia", "trish", "patsy"],
    &["patrick", "pat", "paddy", "padraig", "patricio"],
    &["paul", "pablo", "paolo", "pavel", "paulo"],
    &[
        "peter", "pete", "pedro", "pierre", "pyotr", "pietro", "piotr", "petr",
    ],
    &[
        "philip", "phil", "pip", "philipp", "felipe", "philippe", "phillip", "filippo",
    ],
    &["priscilla", "cilla", "prissy"],
    &["rachel", "rach", "rachael", "raquel"],
    &["ralph", "rolf", "raphael", "raoul", "raul"],
    &["raymond", "ray", "raimund", "ramon"],
    &["rebecca", "becky", "becca", "bex"],
    &["reginald", "reg", "reggie", "reinhold"],
    &[
        "richard", "rick", "dick", "rich", "richie", "ricky", "ricardo", "riccardo", "dickie",
    ],
    &[
        "robert", "bob", "rob", "bobby", "robbie", "roberto", "bert", "robin", "rupert", "ruprecht",
    ],
    &["roger", "rodge", "rog", "rudiger", "ruggero"],
    &["ronald", "ron", "ronnie", "ronny", "reinhold"],
    &["rosemary", "rose", "rosie", "romy"],
    &["russell", "russ", "rusty"],
    &["samantha", "sam", "sammy"],
    &["samuel", "sam", "sammy"],
    &["sarah", "sally", "sara", "sadie", "zara"],
    &["sebastian", "seb", "bastian", "basti", "sebastien"],
    &["sophia", "sophie", "sofia", "sonya", "zofia"],
    &["stephanie", "steph", "stefanie", "steffi"],
    &[
        "stephen", "steve", "steven", "stevie", "stefan", "stephan", "esteban", "etienne",
        "stefano", "stepan",
    ],
    &[
        "susan",
        "sue",
        "susie",
        "suzanne",
        "susanna",
        "susanne",
        "suzy",
        "zsuzsanna",
    ],
    &["terence", "terry", "terrence"],
    &[
        "theodore", "ted", "theo", "teddy", "teodoro", "theodor", "fyodor",
    ],
    &[
        "theresa", "terry", "tess", "tessa", "teresa", "therese", "tracy",
    ],
    &["thomas", "tom", "tommy", "tomas", "tommaso", "thom"],
    &["timothy", "tim", "timmy"],
    &["tobias", "toby", "tobi"],
    &["valentine", "val", "valentin", "valentina"],
    &["valerie", "val", "valeria"],
    &["veronica", "ronnie", "vera", "nicky"],
    &["victor", "vic", "viktor", "vittorio"],
    &["victoria", "vicky", "tori", "vicki", "viktoria"],
    &["vincent", "vince", "vinny", "vincenzo", "vicente"],
    &["virginia", "ginny", "ginger"],
    &["walter", "walt", "wally", "wat", "gualtiero"],
    &["wilhelmina", "mina", "minnie", "willa", "wilma"],
    &[
        "william",
        "bill",
        "will",
        "billy",
        "willy",
        "liam",
        "wilhelm",
        "guillermo",
        "guillaume",
        "willie",
        "willem",
        "guglielmo",
        "vilhelm",
    ],
    &["winifred", "winnie", "fred", "freda"],
    &["zachary", "zach", "zack", "zac"],
];

/// Whether the names stand for one another.
pub(super) fn stand_for_one_another(one: u64, other: u64) -> bool {
    let table = table();
    let of = |hash: u64| {
        let start = table.partition_point(|(name, _)| *name < hash);
        table[start..]
            .iter()
            .take_while(move |(name, _)| *name == hash)
            .map(|(_, group)| *group)
    };
    of(one).any(|group| of(other).any(|another| another == group))
}

/// The least group of a name, for keys; `None` for a name that stands alone.
pub(super) fn group(name: u64) -> Option<u16> {
    let table = table();
    let start = table.partition_point(|(known, _)| *known < name);
    table
        .get(start)
        .filter(|(known, _)| *known == name)
        .map(|(_, group)| *group)
}

/// Hashes of names with their groups, in order.
fn table() -> &'static [(u64, u16)] {
    static TABLE: std::sync::OnceLock<Vec<(u64, u16)>> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: Vec<(u64, u16)> = GROUPS
            .iter()
            .zip(0u16..)
            .flat_map(|(names, group)| {
                names
                    .iter()
                    .map(move |name| (super::fold::hash_of(name), group))
            })
            .collect();
        table.sort_unstable();
        table.dedup();
        table
    })
}

#[cfg(test)]
mod tests {
    use super::super::fold::hash_of;
    use super::*;

    #[test]
    fn people_are_called_by_short_names() {
        let alike = |one, other| stand_for_one_another(hash_of(one), hash_of(other));
        assert!(alike("robert", "bob") && alike("bill", "william") && alike("peggy", "margaret"));
        assert!(!alike("robert", "william") && !alike("otto", "bob"));
        assert_eq!(group(hash_of("otto")), None);
    }
}
