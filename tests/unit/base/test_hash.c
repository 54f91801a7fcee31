/*
 * test_hash.c - the reference vectors, and both ways of computing the CRC
 *
 * The source is included to reach the table version on a machine that has the instruction.
 */
#include "../../../src/base/hash.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"

/* SipHash-2-4 with key 00 01 .. 0f over the first 0, 1, .. 63 bytes of 00 01 02 ..: the reference vectors. */
static const char *const sip64_vectors[64] = {
    "310e0edd47db6f72", "fd67dc93c539f874", "5a4fa9d909806c0d", "2d7efbd796666785", "b7877127e09427cf",
    "8da699cd64557618", "cee3fe586e46c9cb", "37d1018bf50002ab", "6224939a79f5f593", "b0e4a90bdf82009e",
    "f3b9dd94c5bb5d7a", "a7ad6b22462fb3f4", "fbe50e86bc8f1e75", "903d84c02756ea14", "eef27a8e90ca23f7",
    "e545be4961ca29a1", "db9bc2577fcc2a3f", "9447be2cf5e99a69", "9cd38d96f0b3c14b", "bd6179a71dc96dbb",
    "98eea21af25cd6be", "c7673b2eb0cbf2d0", "883ea3e395675393", "c8ce5ccd8c030ca8", "94af49f6c650adb8",
    "eab8858ade92e1bc", "f315bb5bb835d817", "adcf6b0763612e2f", "a5c91da7acaa4dde", "716595876650a2a6",
    "28ef495c53a387ad", "42c341d8fa92d832", "ce7cf2722f512771", "e37859f94623f3a7", "381205bb1ab0e012",
    "ae97a10fd434e015", "b4a31508beff4d31", "81396229f0907902", "4d0cf49ee5d4dcca", "5c73336a76d8bf9a",
    "d0a704536ba93e0e", "925958fcd6420cad", "a915c29bc8067318", "952b79f3bc0aa6d4", "f21df2e41d4535f9",
    "87577519048f53a9", "10a56cf5dfcd9adb", "eb75095ccd986cd0", "51a9cb9ecba312e6", "96afadfc2ce666c7",
    "72fe52975a4364ee", "5a1645b276d592a1", "b274cb8ebf87870a", "6f9bb4203de7b381", "eaecb2a30b22a87f",
    "9924a43cc1315724", "bd838d3aafbf8db7", "0b1a2a3265d51aea", "135079a3231ce660", "932b2846e4d70666",
    "e1915f5cb1eca46c", "f325965ca16d629f", "575ff28e60381be5", "724506eb4c328a95",
};

static const char *const sip128_vectors[64] = {
    "a3817f04ba25a8e66df67214c7550293", "da87c1d86b99af44347659119b22fc45", "8177228da4a45dc7fca38bdef60affe4",
    "9c70b60c5267a94e5f33b6b02985ed51", "f88164c12d9c8faf7d0f6e7c7bcd5579", "1368875980776f8854527a07690e9627",
    "14eeca338b208613485ea0308fd7a15e", "a1f1ebbed8dbc153c0b84aa61ff08239", "3b62a9ba6258f5610f83e264f31497b4",
    "264499060ad9baabc47f8b02bb6d71ed", "00110dc378146956c95447d3f3d0fbba", "0151c568386b6677a2b4dc6f81e5dc18",
    "d626b266905ef35882634df68532c125", "9869e247e9c08b10d029934fc4b952f7", "31fcefac66d7de9c7ec7485fe4494902",
    "5493e99933b0a8117e08ec0f97cfc3d9", "6ee2a4ca67b054bbfd3315bf85230577", "473d06e8738db89854c066c47ae47740",
    "a426e5e423bf4885294da481feaef723", "78017731cf65fab074d5208952512eb1", "9e25fc833f2290733e9344a5e83839eb",
    "568e495abe525a218a2214cd3e071d12", "4a29b54552d16b9a469c10528eff0aae", "c9d184ddd5a9f5e0cf8ce29a9abf691c",
    "2db479ae78bd50d8882a8a178a6132ad", "8ece5f042d5e447b5051b9eacb8d8f6f", "9c0b53b4b3c307e87eaee08678141f66",
    "abf248af69a6eae4bfd3eb2f129eeb94", "0664da1668574b88b935f3027358aef4", "aa4b9dc4bf337de90cd4fd3c467c6ab7",
    "ea5c7f471faf6bde2b1ad7d4686d2287", "2939b0183223fafc1723de4f52c43d35", "7c3956ca5eeafc3e363e9d556546eb68",
    "77c6077146f01c32b6b69d5f4ea9ffcf", "37a6986cb8847edf0925f0f1309b54de", "a705f0e69da9a8f907241a2e923c8cc8",
    "3dc47d1f29c448461e9e76ed904f6711", "0d62bf01e6fc0e1a0d3c4751c5d3692b", "8c03468bca7c669ee4fd5e084bbee7b5",
    "528a5bb93baf2c9c4473cce5d0d22bd9", "df6a301e95c95dad97ae0cc8c6913bd8", "801189902c857f39e73591285e70b6db",
    "e617346ac9c231bb3650ae34ccca0c5b", "27d93437efb721aa401821dcec5adf89", "89237d9ded9c5e78d8b1c9b166cc7342",
    "4a6d8091bf5e7d651189fa94a250b14c", "0e33f96055e7ae893ffc0e3dcf492902", "e61c432b720b19d18ec8d84bdc63151b",
    "f7e5aef549f782cf379055a608269b16", "438d030fd0b7a54fa837f2ad201a6403", "a590d3ee4fbf04e3247e0d27f286423f",
    "5fe2c1a172fe93c4b15cd37caef9f538", "2c97325cbd06b36eb2133dd08b3a017c", "92c814227a6bca949ff0659f002ad39e",
    "dce850110bd8328cfbd50841d6911d87", "67f14984c7da791248e32bb5922583da", "1938f2cf72d54ee97e94166fa91d2a36",
    "74481e9646ed49fe0f6224301604698e", "57fca5de98a9d6d8006438d0583d8a1d", "9fecde1cefdc1cbed4763674d9575359",
    "e3040c00eb28f15366ca73cbd872e740", "7697009a6a831dfecca91c5993670f7a", "5853542321f567a005d547a4f04759bd",
    "5150d1772f50834a503e069a973fbd7c",
};

static void
put_hex(uint64_t value, char *dst)
{
	for (int i = 0; i < 8; i++)
		snprintf(dst + (ptrdiff_t)2 * i, 3, "%02x", (unsigned)(value >> (8 * i) & 0xFF));
}

static void
test_sip_vectors(void **test_state)
{
	uint8_t key[HASH_KEY_LEN], bytes[64];
	char hex[33];

	(void)test_state;
	for (int i = 0; i < 64; i++) {
		bytes[i] = (uint8_t)i;
		if (i < HASH_KEY_LEN)
			key[i] = (uint8_t)i;
	}
	for (size_t len = 0; len < 64; len++) {
		struct hash128 wide = hash_sip128(key, bytes, len);

		put_hex(hash_sip64(key, bytes, len), hex);
		assert_string_equal(hex, sip64_vectors[len]);
		put_hex(wide.lo, hex);
		put_hex(wide.hi, hex + 16);
		assert_string_equal(hex, sip128_vectors[len]);
	}
}

static void
test_sip_of_unaligned_bytes(void **test_state)
{
	static const uint8_t key[HASH_KEY_LEN] = {1, 2, 3};
	char text[48];

	(void)test_state;
	for (size_t shift = 0; shift < 8; shift++) {
		memset(text, 0xEE, sizeof(text));
		memcpy(text + shift, "the same thirty-two bytes always", 32);
		assert_true(hash_sip64(key, text + shift, 32) ==
			    hash_sip64(key, "the same thirty-two bytes always", 32));
	}
	assert_true(hash_sip64(key, NULL, 0) == hash_sip64(key, "", 0));
}

/* ---- CRC-32C ----------------------------------------------------------------------------------------------------- */

static const uint8_t read_command[48] = {
    0x01, 0xC0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02,
};

/* RFC 3720 B.4, and the check value of the catalogues. */
static void
test_crc_vectors(void **test_state)
{
	uint8_t bytes[32];

	(void)test_state;
	assert_int_equal(hash_crc32c(0, "", 0), 0);
	assert_int_equal(hash_crc32c(0, NULL, 0), 0);
	assert_int_equal(hash_crc32c(0, "123456789", 9), 0xE3069283);
	memset(bytes, 0, 32);
	assert_int_equal(hash_crc32c(0, bytes, 32), 0x8A9136AA);
	memset(bytes, 0xFF, 32);
	assert_int_equal(hash_crc32c(0, bytes, 32), 0x62A8AB43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(hash_crc32c(0, bytes, 32), 0x46DD794E);
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(hash_crc32c(0, bytes, 32), 0x113FDB5C);
	assert_int_equal(hash_crc32c(0, read_command, sizeof(read_command)), 0xD9963A56);
}

static void
test_crc_chains(void **test_state)
{
	static const char text[] = "a text that is cut at every place there is";
	uint32_t whole = hash_crc32c(0, text, sizeof(text));

	(void)test_state;
	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		uint32_t first = hash_crc32c(0, text, cut);

		assert_int_equal(hash_crc32c(first, text + cut, sizeof(text) - cut), whole);
	}
}

static void
test_crc_table_and_instruction_agree(void **test_state)
{
	uint8_t bytes[300];
	uint32_t seed = 12345;

	(void)test_state;
	if (!has_instruction())
		skip();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + i / 3);
	for (size_t from = 0; from < 9; from++) {
		for (size_t len = 0; len < sizeof(bytes) - from; len++) {
			uint32_t crc = crc_by_table(seed, bytes + from, len);

			assert_int_equal(crc_by_instruction(seed, bytes + from, len), crc);
			seed = crc;
		}
	}
}

static void
test_crc_sees_every_bit(void **test_state)
{
	uint8_t bytes[100] = {0};
	uint32_t crc = hash_crc32c(0, bytes, sizeof(bytes));

	(void)test_state;
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_int_not_equal(hash_crc32c(0, bytes, sizeof(bytes)), crc);
		bytes[bit / 8] = 0;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sip_vectors),
	    cmocka_unit_test(test_sip_of_unaligned_bytes),
	    cmocka_unit_test(test_crc_vectors),
	    cmocka_unit_test(test_crc_chains),
	    cmocka_unit_test(test_crc_table_and_instruction_agree),
	    cmocka_unit_test(test_crc_sees_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
