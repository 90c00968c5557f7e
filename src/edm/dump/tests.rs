use super::*;

/// Every row of every block, as `table(columns): cells`.
fn rows(text: &str) -> Result<Vec<String>, Error> {
    let mut dump = Dump::new(text.as_bytes());
    let (mut found, mut cells) = (Vec::new(), Vec::new());
    while let Some(block) = dump.next_block()? {
        while dump.next_row(&mut cells)? {
            let cells: Vec<String> = cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            found.push(format!("{}({}): {}", block.table, block.columns.join(","), cells.join("|")));
        }
    }
    Ok(found)
}

const POSTGRES: &str = r"--
-- PostgreSQL database dump
--
\restrict abc
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.note() RETURNS trigger AS $f$ BEGIN INSERT INTO log VALUES ('x'); RETURN NEW; END; $f$;
CREATE TABLE public.patients (
    id integer NOT NULL,
    first_name character varying(40) DEFAULT 'none'::character varying,
    last_name text,
    CONSTRAINT one CHECK ((id > 0))
);
COPY public.patients (id, first_name, last_name) FROM stdin;
1	Lisa	Young\tblood
2	\N	O'Hara; \\x
\.
COPY public.visits (id) FROM stdin;
\.
ALTER TABLE ONLY public.patients ADD CONSTRAINT p PRIMARY KEY (id);
";

#[test]
fn a_dump_of_postgresql_gives_its_copied_rows() {
    let columns = "patients(id,first_name,last_name)";
    let expected = [format!("{columns}: 1|Lisa|Young\tblood"), format!("{columns}: 2||O'Hara; \\x")];
    assert_eq!(rows(POSTGRES).unwrap(), expected);
}

#[test]
fn a_dump_of_mysql_gives_the_rows_of_its_long_statements() {
    let text = "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nCREATE TABLE `patients` (\n  `id` int NOT NULL,\n  `last` varchar(9) \
        COMMENT 'a,b',\n  PRIMARY KEY (`id`),\n  KEY `k` (`last`)\n) ENGINE=InnoDB;\n# a comment; it's one\nLOCK TABLES `patients` WRITE;\n\
        INSERT INTO `patients` VALUES (1,'O\\'Hara'),(2,NULL),(-3,_binary 'a''b;(');\nUNLOCK TABLES;\n";
    assert_eq!(
        rows(text).unwrap(),
        ["patients(id,last): 1|O'Hara", "patients(id,last): 2|", "patients(id,last): -3|a'b;("]
    );
}

#[test]
fn dumps_of_other_databases_give_theirs() {
    for (text, expected) in [
        // SQLite.
        (
            "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE \"p\"(\"id\" INTEGER, last TEXT);\n\
             CREATE TRIGGER t AFTER INSERT ON p BEGIN INSERT INTO log VALUES(1); UPDATE p SET id=2; END;\n\
             INSERT INTO p VALUES(1,'C:\\');\nCOMMIT;\n",
            "p(id,last): 1|C:\\",
        ),
        // SQL Server: no semicolons, statements end with GO or with the next one.
        (
            "USE [ehr]\nGO\nSET IDENTITY_INSERT [dbo].[Patients] ON \nGO\n\
             INSERT [dbo].[Patients] ([Id], [Last Name], [Born]) VALUES (1, N'Roe', CAST(N'1970-02-08' AS Date))\n\
             INSERT [dbo].[Patients] ([Id], [Last Name], [Born]) VALUES (2, N'Doe', NULL)\nGO\n",
            "Patients(Id,Last Name,Born): 1|Roe|1970-02-08\nPatients(Id,Last Name,Born): 2|Doe|",
        ),
        // Oracle, whose names may have signs in them, and whose tools write remarks.
        (
            "REM INSERTING into EHR.P\nSET DEFINE OFF;\nInsert into EHR.P (ACCT#,SSN$) values (1,'219-09-6781');",
            "P(ACCT#,SSN$): 1|219-09-6781",
        ),
        // MySQL with double quotes, and a routine with blocks in blocks.
        (
            "-- MySQL dump 10.13\nCREATE PROCEDURE f() BEGIN IF x THEN BEGIN SET y = 1; END; END IF; \
             CASE y WHEN 1 THEN SET z = 1; END CASE; INSERT INTO p (a) VALUES ('no row'); END;\n\
             INSERT INTO p (a,b) VALUES (\"O'Hara\",\"a\\\"b\");",
            "p(a,b): O'Hara|a\"b",
        ),
        ("INSERT INTO ehr.p (a,b) VALUES (1.5,TO_DATE('1970-02-08','YYYY-MM-DD'));", "p(a,b): 1.5|1970-02-08"),
        // pg_dump --inserts, and what may follow the rows.
        (
            "INSERT INTO public.\"P\" (a) OVERRIDING SYSTEM VALUE VALUES (E'x\\'y') ON CONFLICT (a) DO NOTHING;\n\
             INSERT INTO q (a) SELECT a FROM p WHERE a IN (1);\nINSERT INTO q (a) VALUES (2), (3);",
            "P(a): x'y\nq(a): 2\nq(a): 3",
        ),
    ] {
        assert_eq!(rows(text).unwrap().join("\n"), expected);
    }
}

#[test]
fn faults_tell_line_and_reason_and_no_value() {
    for (text, line, reason) in [
        ("\n\nINSERT INTO p (a,b) VALUES (1);", 3, "1 values"),
        ("INSERT INTO p VALUES (1);", 1, "CREATE TABLE"),
        ("INSERT INTO p (a) VALUES ('canary", 1, "not closed"),
        ("COPY p (a) FROM stdin WITH (FORMAT csv);\ncanary\n\\.\n", 1, "another format"),
        ("COPY p (a) FROM stdin;\na\tcanary\n\\.\n", 3, "2 values"),
    ] {
        let Err(Error::Row { line: told, what }) = rows(text) else { panic!("{text:?} was taken") };
        assert!(told == line && what.contains(reason) && !what.contains("canary"), "{text:?}: {told}: {what}");
    }
}

#[test]
fn a_dump_is_told_from_a_table_by_its_first_line() {
    for dump in [
        "-- PostgreSQL database dump\n",
        "\nSET NAMES utf8;\n",
        "REM INSERTING into P\n",
        "INSERT INTO p VALUES",
        "use [ehr]\nGO",
        "BEGIN;\n",
    ] {
        assert!(is_dump(dump.as_bytes()), "{dump:?}");
    }
    for table in [
        "Create Date,Name\n",
        "insert;first;last\n",
        "mrn\tset\n",
        "Set,Use\n1,2\n",
        "begin,end\n",
        "copy number|last\n",
    ] {
        assert!(!is_dump(table.as_bytes()), "{table:?}");
    }
}

/// However long a value, a row or a comment is, little of it is held.
#[test]
fn long_values_are_read_over() {
    let text = format!("INSERT INTO p (a,b) VALUES ('{}','Roe');", "x".repeat(3_000_000));
    assert_eq!(rows(&text).unwrap(), ["p(a,b): |Roe"]);
    let copied = format!("COPY p (a,b) FROM stdin;\n{}\tRoe\n\\.\n", "x".repeat(3_000_000));
    assert_eq!(rows(&copied).unwrap(), ["p(a,b): |Roe"]);
}

/// Whatever comes, there is an end and no panic.
#[test]
fn broken_dumps_end() {
    for text in [
        POSTGRES,
        "INSERT INTO `p` (`a`) VALUES ('x'),(2);",
        "CREATE TABLE p (a int, b text); INSERT INTO p VALUES (1,2);",
    ] {
        for cut in 0..text.len() {
            _ = rows(&text[..cut]);
            let mut changed = text.as_bytes().to_vec();
            changed[cut] = b"'();\\$,["[cut % 8];
            _ = rows(&String::from_utf8_lossy(&changed));
        }
    }
}
