/** Dumps as mysqldump writes them, for tests. */
import { NCA_TABLE_NAMES, type NcaTable } from '../../../src/newspapers/nca/tables.js';
import { COLUMNS, createTable, wholeRow, type Row, type Site, type Value } from './nca-tables.js';

const ESCAPED: Readonly<Record<string, string>> = { '\0': '\\0', '\n': '\\n', '\r': '\\r', '\x1a': '\\Z', "'": "\\'", '"': '\\"', '\\': '\\\\' }; // prettier-ignore

export const quote = (value: Value): string =>
  // eslint-disable-next-line no-control-regex -- they are what must be escaped
  typeof value === 'string' ? `'${value.replace(/[\0\n\r\x1a'"\\]/g, (character) => ESCAPED[character] ?? '')}'` : value === null ? 'NULL' : String(value); // prettier-ignore

export const HEAD = `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: nca
-- ------------------------------------------------------
-- it's; quoted "text" in a comment

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
`;
export const TAIL = `/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
-- Dump completed on 2026-11-22 12:00:00
`;

/** One table, as mysqldump writes it; rows in INSERTs of a few each. */
export function tableText(table: NcaTable, rows: readonly Row[], { perInsert = 3 } = {}): string {
  const names = ['id', ...Object.keys(COLUMNS[table])];
  const tuples = rows.map((row) => {
    const whole = wholeRow(table, row);
    return `(${names.map((name) => quote(whole[name] ?? null)).join(',')})`;
  });
  const inserts: string[] = [];
  for (let i = 0; i < tuples.length; i += perInsert)
    inserts.push(`INSERT INTO \`${table}\` VALUES ${tuples.slice(i, i + perInsert).join(',')};\n`);
  return `
--
-- Table structure for table \`${table}\`
--

DROP TABLE IF EXISTS \`${table}\`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
${createTable(table)};
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES \`${table}\` WRITE;
/*!40000 ALTER TABLE \`${table}\` DISABLE KEYS */;
${inserts.join('')}/*!40000 ALTER TABLE \`${table}\` ENABLE KEYS */;
UNLOCK TABLES;
`;
}

/** A table that is not read, and a trigger, whose body holds what elsewhere would end a statement. */
export const NOT_READ = `
CREATE TABLE \`audit_logs\` (
  \`id\` int(11) NOT NULL AUTO_INCREMENT,
  \`message\` text DEFAULT NULL
) ENGINE=InnoDB;
INSERT INTO \`audit_logs\` VALUES (1,'it\\'s; (not) "read"'),(2,'INSERT INTO \`issues\` VALUES (1);');
/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 TRIGGER jobs_bi BEFORE INSERT ON jobs FOR EACH ROW
BEGIN
  SET NEW.created_at = UTC_TIMESTAMP(); -- it's "now"
END */;;
CREATE TRIGGER x BEFORE INSERT ON job_logs FOR EACH ROW BEGIN SET NEW.created_at = ';'; SET NEW.id = 1; END;;
DELIMITER ;
/*!50001 DROP VIEW IF EXISTS \`moc_issue_aggregation\`*/;
/*!50001 CREATE VIEW \`moc_issue_aggregation\` AS SELECT
 1 AS \`code\`,
  1 AS \`count\` */;
`;

/** A whole dump of a site. */
export const dumpText = (site: Site): string =>
  HEAD + NCA_TABLE_NAMES.toSorted().map((table) => tableText(table, site[table])).join('') + NOT_READ + TAIL; // prettier-ignore
