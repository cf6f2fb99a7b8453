// Made by test/zones/generate.ts from release 2026f of the time-zone database. Not to be edited.

/** The release of the IANA time-zone database that the table was made from. */
export const ZONE_DATA_RELEASE = "2026f";

/**
 * A line per set of zones that share their offset changes from 2026 to 2036: names | offsets | changes.
 * Offsets are minutes east of UTC, the first one holds at the start of 2026. A change is the minutes since the one before (or since the
 * start of 2026) in base 36, and a capital letter that says which of the line's offsets holds from then on (A is the first).
 */
export const ZONE_DATA = `
Africa/Cairo Egypt|120,180|3hgoB 5tycA 5m9oB 5m6cA 5m9oB 5m6cA 5m9oB 5m6cA 5m9oB 5tycA 5ehoB 5tycA 5m9oB 5m6cA 5m9oB 5m6cA 5m9oB 5m6cA 5m9oB 5m6cA 5m9oB 5tycA
Africa/Casablanca Africa/El_Aaiun|60,0|1e3cB 12w0A 5m6cB
Africa/Ceuta Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich MET Poland|60,120|2opoB 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A 4r40B 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A
Africa/Juba|120|
Africa/Sao_Tome|0|
America/Adak America/Atka US/Aleutian|-600,-540|21w0B 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat US/Alaska|-540,-480|21ucB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Asuncion America/Coyhaique America/Sao_Paulo Brazil/East|-180|
America/Bahia_Banderas America/Chihuahua America/Merida America/Mexico_City America/Monterrey Mexico/General|-360|
America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver America/Shiprock MST7MDT Navajo US/Mountain|-420,-360|21r0B 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Campo_Grande America/Cuiaba|-240|
America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Knox_IN America/Matamoros America/Menominee America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem America/Ojinaga America/Rankin_Inlet America/Resolute CST6CDT US/Central US/Indiana-Starke|-360,-300|21pcB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Dawson America/Mazatlan America/Whitehorse Canada/Yukon Mexico/BajaSur|-420|
America/Detroit America/Fort_Wayne America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac America/Indianapolis America/Iqaluit America/Kentucky/Louisville America/Kentucky/Monticello America/Louisville America/Montreal America/Nassau America/New_York America/Nipigon America/Pangnirtung America/Port-au-Prince America/Thunder_Bay America/Toronto Canada/Eastern EST5EDT US/East-Indiana US/Eastern US/Michigan|-300,-240|21noB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Edmonton America/Inuvik America/Yellowknife Canada/Mountain|-420,-360|21r0B
America/Ensenada America/Los_Angeles America/Santa_Isabel America/Tijuana Mexico/BajaNorte PST8PDT US/Pacific|-480,-420|21soB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda Canada/Atlantic|-240,-180|21m0B 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Godthab America/Nuuk America/Scoresbysund|-120,-60|2opoB 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A 4r40B 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A
America/Havana Cuba|-300,-240|21kcB iso0A 3w00B 7cg0A 3w00B 7cg0A 3w00B 7cg0A 3w00B 7cg0A 43s0B 7cg0A 3w00B 7cg0A 3w00B 7cg0A 3w00B 7cg0A 3w00B 7cg0A
America/Miquelon|-180,-120|21kcB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Rainy_River America/Winnipeg Canada/Central|-360,-300|21pcB
America/Santiago Chile/Continental|-180,-240|2wl0B 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6p2cB 4jdoA 6p2cB 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6p2cB 4jdoA 6p2cB 4r5oA
America/St_Johns Canada/Newfoundland|-210,-150|21l6B 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 43toB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA 3w1oB 7cecA
America/Vancouver Canada/Pacific|-480,-420|21soB
Antarctica/Casey|480|
Antarctica/Macquarie Australia/ACT Australia/Canberra Australia/Currie Australia/Hobart Australia/Melbourne Australia/NSW Australia/Sydney Australia/Tasmania Australia/Victoria|660,600|2w2oB 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5u00A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5u00A 5m80B 5m80A
Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland|780,720|2vzcB 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5m80A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5m80A 5u00B 5eg0A
Antarctica/Troll|0,120|2opoB 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A 4r40B 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A
Antarctica/Vostok Asia/Almaty Asia/Qostanay Asia/Qyzylorda|300|
Asia/Amman Asia/Damascus Europe/Volgograd|180|
Asia/Beirut|120,180|2okoB 6hacA 4r5oB 6p2cA 4jdoB 6p2cA 4jdoB 6p2cA 4r5oB 6hacA 4r5oB 6hacA 4r5oB 6p2cA 4jdoB 6p2cA 4jdoB 6p2cA 4jdoB 6p2cA 4r5oB 6hacA
Asia/Famagusta Asia/Nicosia EET Europe/Athens Europe/Bucharest Europe/Chisinau Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga Europe/Sofia Europe/Tallinn Europe/Tiraspol Europe/Uzhgorod Europe/Vilnius Europe/Zaporozhye|120,180|2opoB 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A 4r40B 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A
Asia/Gaza Asia/Hebron|120,180|2nk0B 6hacA 4r5oB 6p2cA 4jdoB 6p2cA 4jdoB 6p2cA 4r5oB 6hacA 4r5oB 6hacA 4r5oB 6p2cA 4jdoB 6p2cA 4jdoB 6p2cA 4jdoB 6p2cA 4r5oB 69icA
Asia/Jerusalem Asia/Tel_Aviv Israel|120,180|2mg0B 6jicA 4oxoB 6racA 4h5oB 6racA 4h5oB 6racA 4oxoB 6jicA 4oxoB 6jicA 4oxoB 6racA 4h5oB 6racA 4h5oB 6racA 4h5oB 6racA 4oxoB 6jicA
Asia/Pyongyang|540|
Asia/Tehran Iran|210|
Atlantic/Azores|-60,0|2opoB 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A 4r40B 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A
Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira Eire Europe/Belfast Europe/Dublin Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/Lisbon Europe/London GB GB-Eire Portugal WET|0,60|2opoB 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A 4r40B 6hc0A 4r40B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4jc0B 6p40A 4r40B 6hc0A
Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna|630,570|2w3iB 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5u00A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5u00A 5m80B 5m80A
Australia/LHI Australia/Lord_Howe|660,630|2w10B 5m8uA 5m76B 5m8uA 5m76B 5m8uA 5m76B 5u0uA 5m76B 5m8uA 5m76B 5m8uA 5m76B 5m8uA 5m76B 5m8uA 5m76B 5m8uA 5m76B 5u0uA 5m76B 5m8uA
Chile/EasterIsland Pacific/Easter|-300,-360|2wl0B 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6p2cB 4jdoA 6p2cB 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6hacB 4r5oA 6p2cB 4jdoA 6p2cB 4r5oA
NZ-CHAT Pacific/Chatham|825,765|2vzcB 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5m80A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5eg0A 5u00B 5m80A 5u00B 5eg0A
Pacific/Apia|780|
Pacific/Fiji|720|
Pacific/Norfolk|720,660|2w10B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5u00A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5m80A 5m80B 5u00A 5m80B 5m80A
`;
