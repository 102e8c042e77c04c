package storetest

import (
	"testing"
)

// queryFunctions asks for the value of each function: it equals the text wanted,
// and nothing else does; NULL is wanted where there is none.
func (s *suite) queryFunctions(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	const null = "<NULL>"
	for _, c := range []struct{ value, want string }{
		{"IF(1, 'a', 'b')", "a"}, {"IF(0, 'a', 'b')", "b"}, {"IF(NULL, 'a', 'b')", "b"}, {"IF(badge = 7, 5, 'x')", "5"}, {"IF(name = 'boss', badge, 0)", "7"},
		{"IF(badge, born, seen)", "1970-01-31 00:00:00"},
		{"ELT(1, 'a', 'b')", "a"}, {"ELT(2, 'a', 'b')", "b"}, {"ELT(3, 'a', 'b')", null}, {"ELT(0, 'a', 'b')", null}, {"ELT(NULL, 'a')", null}, {"ELT(badge, 1, 2, 3, 4, 5, 6, 70)", "70"},
		{"COALESCE(NULL, 'x', 'y')", "x"}, {"COALESCE(NULL)", null}, {"COALESCE(badge, 1)", "7"}, {"COALESCE(NULL, NULL, 3)", "3"}, {"COALESCE(manager_id_friendlyname, 'none')", "none"},
		{"ISNULL(NULL)", "1"}, {"ISNULL(badge)", "0"}, {"ISNULL(notes)", "0"}, {"ISNULL(manager_id)", "0"},
		{"CONCAT('a', 1, 'b')", "a1b"}, {"CONCAT('a', NULL)", null}, {"CONCAT(name)", "Boss"}, {"CONCAT(1 = 1, born)", "11970-01-31"}, {"CONCAT(rate, '')", "12.5"},
		{"SUBSTR('abcdef', 2)", "bcdef"}, {"SUBSTR('abcdef', 2, 3)", "bcd"}, {"SUBSTR('abcdef', -2)", "ef"}, {"SUBSTR('abcdef', -3, 2)", "de"},
		{"SUBSTR('abcdef', 0)", ""}, {"SUBSTR('abcdef', 7)", ""}, {"SUBSTR('abcdef', -7)", ""}, {"SUBSTR('abcdef', 2, 0)", ""}, {"SUBSTR('abcdef', 2, -1)", ""},
		{"SUBSTR('éàü', 2, 1)", "à"}, {"SUBSTR(NULL, 1)", null}, {"SUBSTR('abc', NULL)", null}, {"SUBSTR(12345, 2, 2)", "23"}, {"SUBSTR('abc', 1, 99999999999)", "abc"},
		{"TRIM('  a b  ')", "a b"}, {"CONCAT('[', TRIM('  a b  '), ']')", "[a b]"}, {"TRIM(NULL)", null},
		{"DATE('2026-03-04 05:06:07')", "2026-03-04"}, {"DATE(seen)", "2026-03-04"}, {"DATE('no date')", null}, {"DATE('2026-02-30')", null}, {"DATE(NULL)", null}, {"DATE(name)", null},
		{"DATE_FORMAT('2026-03-04 15:06:07', '%Y-%m-%d %H:%i:%s')", "2026-03-04 15:06:07"},
		{"DATE_FORMAT('2026-03-04 15:06:07', '%y %c %e %k %l %h %I %p')", "26 3 4 15 3 03 03 PM"},
		{"DATE_FORMAT('2026-03-04 00:06:07', '%W %a %w %M %b %D %j %r %T %f %S')", "Wednesday Wed 3 March Mar 4th 063 12:06:07 AM 00:06:07 000000 07"},
		{"DATE_FORMAT('2026-03-01', '%D')", "1st"}, {"DATE_FORMAT('2026-03-12', '%D')", "12th"}, {"DATE_FORMAT('2026-03-23', '%D')", "23rd"}, {"DATE_FORMAT('2026-03-22', '%D')", "22nd"},
		{"DATE_FORMAT('2026-03-04', '%% %q % %')", "% q  %"}, {"DATE_FORMAT(seen, '%Y')", "2026"}, {"DATE_FORMAT(NULL, '%Y')", null}, {"DATE_FORMAT('x', '%Y')", null},
		// 1999-01-01 was a Friday, 2008-02-20 a Wednesday: as in MySQL's manual
		{"DATE_FORMAT('1999-01-01', '%X %V')", "1998 52"}, {"DATE_FORMAT('2008-02-20', '%U %u %V %v')", "07 08 07 08"}, {"DATE_FORMAT('2008-12-31', '%u %v %x')", "53 01 2009"},
		{"DATE_FORMAT('2006-06-00', '%d')", null}, {"DATE_FORMAT('1999-01-01', '%u %x %v')", "00 1998 53"},
		{"CURRENT_DATE()", "2026-03-04"}, {"NOW()", "2026-03-04 05:06:07"}, {"TIME(NOW())", "05:06:07"}, {"TIME(born)", "00:00:00"}, {"TIME('2026-03-04 15:16')", "15:16:00"}, {"TIME('x')", null},
		// MySQL's manual: TO_DAYS('2007-10-07') is 733321, FROM_DAYS(730669) is 2000-07-03
		{"TO_DAYS('2007-10-07')", "733321"}, {"TO_DAYS('1997-10-07')", "729669"}, {"TO_DAYS('1970-01-01')", "719528"}, {"TO_DAYS(seen)", "740044"}, {"TO_DAYS('')", null},
		{"FROM_DAYS(730669)", "2000-07-03"}, {"FROM_DAYS(719528)", "1970-01-01"}, {"FROM_DAYS('99999999999999')", null}, {"FROM_DAYS(NULL)", null}, {"FROM_DAYS(-5)", null},
		{"YEAR(seen)", "2026"}, {"MONTH(seen)", "3"}, {"DAY(seen)", "4"}, {"YEAR('0099-01-02')", "99"}, {"MONTH('x')", null}, {"DAY(NULL)", null}, {"DAY('20260317')", "17"},
		{"DATE_ADD('2026-01-31', INTERVAL 1 MONTH)", "2026-02-28"}, {"DATE_ADD('2024-01-31 10:00:00', INTERVAL 1 MONTH)", "2024-02-29 10:00:00"},
		{"DATE_SUB('2024-02-29', INTERVAL 1 YEAR)", "2023-02-28"}, {"DATE_ADD('2026-12-31', INTERVAL 1 DAY)", "2027-01-01"},
		{"DATE_ADD('2026-12-31', INTERVAL 1 SECOND)", "2026-12-31 00:00:01"}, {"DATE_ADD('2026-12-31 23:59:59', INTERVAL 1 SECOND)", "2027-01-01 00:00:00"},
		{"DATE_SUB('2026-01-01 00:00:00', INTERVAL 1 MINUTE)", "2025-12-31 23:59:00"}, {"DATE_ADD(seen, INTERVAL -25 HOUR)", "2026-03-03 04:06:07"},
		{"DATE_ADD(born, INTERVAL badge DAY)", "1970-02-07"}, {"DATE_ADD('2026-01-31', INTERVAL -2 MONTH)", "2025-11-30"}, {"DATE_SUB(NOW(), INTERVAL '1' DAY)", "2026-03-03 05:06:07"},
		{"DATE_ADD('2026-01-01', INTERVAL 99999 YEAR)", null}, {"DATE_ADD('2026-01-01', INTERVAL 99999999999999999999 SECOND)", null}, {"DATE_SUB('0001-01-01', INTERVAL 1 DAY)", null}, {"DATE_ADD('x', INTERVAL 1 DAY)", null}, {"DATE_ADD(born, INTERVAL NULL DAY)", null},
		{"ROUND('2.5')", "3"}, {"ROUND('-2.5')", "-3"}, {"ROUND('1.005', 1)", "1"}, {"ROUND(1234, -2)", "1200"}, {"ROUND('12.345', 2)", "12.35"}, {"ROUND(rate, 1)", "12.5"}, {"ROUND(NULL)", null},
		{"FLOOR('2.9')", "2"}, {"FLOOR('-2.1')", "-3"}, {"FLOOR(badge / 2)", "3"}, {"FLOOR(NULL)", null},
		{"INET_ATON('10.0.5.9')", "167773449"}, {"INET_ATON('255.255.255.255')", "4294967295"}, {"INET_ATON('256.0.0.1')", null}, {"INET_ATON('x')", null}, {"INET_ATON(NULL)", null},
		{"INET_NTOA(167773449)", "10.0.5.9"}, {"INET_NTOA(4294967296)", null}, {"INET_NTOA(-1)", null}, {"INET_NTOA(0)", "0.0.0.0"},
		// operators
		{"1 + 1", "2"}, {"7 / 2", "3.5"}, {"1 / 3", "0.3333"}, {"1 / 0", null}, {"2 * '3x'", "6"}, {"'a' + 1", "1"}, {"(1 = 1) + 1", "2"}, {"'10' = 10", "1"}, {"'a' = 'A '", "1"}, {"'a' < 'B'", "1"},
		{"1 << 4", "16"}, {"1 << 64", "0"}, {"256 >> 4", "16"}, {"6 & 3", "2"}, {"6 | 3", "7"}, {"6 ^ 3", "5"}, {"NULL + 1", null}, {"NULL = NULL", null}, {"9223372036854775807 + 1 > 0", "1"},
		{"born + 0", "19700131"}, {"born = '1970-01-31 00:00:00'", "1"}, {"born < seen", "1"}, {"seen > '2026-03-04'", "1"}, {"seen = 'never'", "0"}, {"seen > ''", "1"}, {"born = 19700131", "1"},
		{"seen <= NOW()", "1"}, {"NULL OR 1", "1"}, {"NULL AND 0", "0"}, {"NULL AND 1", null}, {"1 IN (2, '1')", "1"}, {"'x' IN ('Y', 'X')", "1"}, {"NULL IN (1)", null},
		{"'ß' = 'SS'", "1"}, {"'É' = 'e'", "1"}, {"'ø' = 'o'", "0"}, {"'Σας' = 'ΣΑΣ'", "1"}, {"'straße' LIKE 'STRASSE'", "1"}, {"'abc' LIKE 'a%C'", "1"}, {"'abc' LIKE 'a_'", "0"}, {"'a\\\\c' LIKE 'a\\\\\\\\c'", "1"},
		{"'abc' REGEXP 'A.C'", "1"}, {"'abc' REGEXP '^[^a-b]'", "0"}, {"'a1' REGEXP '[[:digit:]]$'", "1"}, {"'foo bar' REGEXP '\\\\bBAR'", "1"}, {"'x' REGEXP NULL", null}, {"'aaa' REGEXP '^a{2,3}$'", "1"}, {"NULL REGEXP 'a'", null},
	} {
		condition := "CONCAT('=', " + c.value + ") = CONCAT('=', '" + c.want + "')"
		if c.want == null {
			condition = "ISNULL(" + c.value + ")"
		}
		got, err := ask(t, st, m, "SELECT Person WHERE id = 11 AND "+condition, nil)
		if err != nil {
			t.Errorf("%s: %v", c.value, err)
			continue
		}
		if got != "11" {
			t.Errorf("%s: is not %s", c.value, c.want)
		}
		if c.want == null {
			continue
		}
		got, err = ask(t, st, m, "SELECT Person WHERE id = 11 AND CONCAT('=', "+c.value+") = CONCAT('=', 'not ', '"+c.want+"')", nil)
		if err != nil || got != "" {
			t.Errorf("%s: equals another text as well (%v)", c.value, err)
		}
	}
}
