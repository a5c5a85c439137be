//! Tags and flags of headers, by their names in rpm (`rpmtag.h`, `rpmds.h`, `rpmfiles.h`).
#![allow(missing_docs, reason = "each is the tag of the same name in rpm")]

/// The entry that holds all of a signature header together.
pub const REGION_SIGNATURES: u32 = 62;
/// The entry that holds all of a main header together.
pub const REGION_HEADER: u32 = 63;

// Of the signature header.
pub const SIG_EDDSA: u32 = 267;
pub const SIG_RSA: u32 = 268;
pub const SIG_SHA1: u32 = 269;
pub const SIG_LONG_SIZE: u32 = 270;
pub const SIG_LONG_ARCHIVE_SIZE: u32 = 271;
pub const SIG_SHA256: u32 = 273;
pub const SIG_SIZE: u32 = 1000;
pub const SIG_PAYLOAD_SIZE: u32 = 1007;
pub const SIG_RESERVED: u32 = 1008;
/// Where a signature over the main header may be; by the algorithm of the key.
pub const HEADER_SIGNATURES: [u32; 2] = [SIG_RSA, SIG_EDDSA];

// Of the main header.
pub const I18N_TABLE: u32 = 100;
pub const NAME: u32 = 1000;
pub const VERSION: u32 = 1001;
pub const RELEASE: u32 = 1002;
pub const EPOCH: u32 = 1003;
pub const SUMMARY: u32 = 1004;
pub const DESCRIPTION: u32 = 1005;
pub const BUILD_TIME: u32 = 1006;
pub const BUILD_HOST: u32 = 1007;
pub const SIZE: u32 = 1009;
pub const VENDOR: u32 = 1011;
pub const LICENSE: u32 = 1014;
pub const PACKAGER: u32 = 1015;
pub const GROUP: u32 = 1016;
pub const URL: u32 = 1020;
pub const OS: u32 = 1021;
pub const ARCH: u32 = 1022;
pub const PREIN: u32 = 1023;
pub const POSTIN: u32 = 1024;
pub const PREUN: u32 = 1025;
pub const POSTUN: u32 = 1026;
pub const OLD_FILE_NAMES: u32 = 1027;
pub const FILE_SIZES: u32 = 1028;
pub const FILE_MODES: u32 = 1030;
pub const FILE_RDEVS: u32 = 1033;
pub const FILE_MTIMES: u32 = 1034;
pub const FILE_DIGESTS: u32 = 1035;
pub const FILE_LINK_TOS: u32 = 1036;
pub const FILE_FLAGS: u32 = 1037;
pub const FILE_USERS: u32 = 1039;
pub const FILE_GROUPS: u32 = 1040;
pub const SOURCE_RPM: u32 = 1044;
pub const FILE_VERIFY_FLAGS: u32 = 1045;
pub const PROVIDE_NAMES: u32 = 1047;
pub const REQUIRE_FLAGS: u32 = 1048;
pub const REQUIRE_NAMES: u32 = 1049;
pub const REQUIRE_VERSIONS: u32 = 1050;
pub const CONFLICT_FLAGS: u32 = 1053;
pub const CONFLICT_NAMES: u32 = 1054;
pub const CONFLICT_VERSIONS: u32 = 1055;
pub const RPM_VERSION: u32 = 1064;
pub const CHANGELOG_TIMES: u32 = 1080;
pub const CHANGELOG_NAMES: u32 = 1081;
pub const CHANGELOG_TEXTS: u32 = 1082;
pub const PREIN_PROGRAM: u32 = 1085;
pub const POSTIN_PROGRAM: u32 = 1086;
pub const PREUN_PROGRAM: u32 = 1087;
pub const POSTUN_PROGRAM: u32 = 1088;
pub const OBSOLETE_NAMES: u32 = 1090;
pub const COOKIE: u32 = 1094;
pub const FILE_DEVICES: u32 = 1095;
pub const FILE_INODES: u32 = 1096;
pub const FILE_LANGS: u32 = 1097;
pub const PROVIDE_FLAGS: u32 = 1112;
pub const PROVIDE_VERSIONS: u32 = 1113;
pub const OBSOLETE_FLAGS: u32 = 1114;
pub const OBSOLETE_VERSIONS: u32 = 1115;
pub const DIR_INDEXES: u32 = 1116;
pub const BASE_NAMES: u32 = 1117;
pub const DIR_NAMES: u32 = 1118;
pub const SOURCE_PACKAGE: u32 = 1106;
pub const PAYLOAD_FORMAT: u32 = 1124;
pub const PAYLOAD_COMPRESSOR: u32 = 1125;
pub const PAYLOAD_FLAGS: u32 = 1126;
pub const FILE_COLORS: u32 = 1140;
pub const FILE_CLASSES: u32 = 1141;
pub const CLASS_NAMES: u32 = 1142;
pub const FILE_DEPENDS_FIRST: u32 = 1143;
pub const FILE_DEPENDS_COUNTS: u32 = 1144;
pub const DEPENDS_NAMES: u32 = 1145;
pub const POSTTRANS: u32 = 1152;
pub const POSTTRANS_PROGRAM: u32 = 1154;
pub const LONG_FILE_SIZES: u32 = 5008;
pub const LONG_SIZE: u32 = 5009;
pub const FILE_CAPS: u32 = 5010;
pub const FILE_DIGEST_ALGORITHM: u32 = 5011;
pub const RECOMMEND_NAMES: u32 = 5046;
pub const RECOMMEND_VERSIONS: u32 = 5047;
pub const RECOMMEND_FLAGS: u32 = 5048;
pub const SUGGEST_NAMES: u32 = 5049;
pub const SUGGEST_VERSIONS: u32 = 5050;
pub const SUGGEST_FLAGS: u32 = 5051;
pub const ENCODING: u32 = 5062;
pub const TRANS_FILE_TRIGGER_SCRIPTS: u32 = 5076;
pub const TRANS_FILE_TRIGGER_PROGRAMS: u32 = 5077;
pub const TRANS_FILE_TRIGGER_SCRIPT_FLAGS: u32 = 5078;
pub const TRANS_FILE_TRIGGER_NAMES: u32 = 5079;
pub const TRANS_FILE_TRIGGER_INDEXES: u32 = 5080;
pub const TRANS_FILE_TRIGGER_VERSIONS: u32 = 5081;
pub const TRANS_FILE_TRIGGER_FLAGS: u32 = 5082;
pub const TRANS_FILE_TRIGGER_PRIORITIES: u32 = 5085;
pub const FILE_SIGNATURES: u32 = 5090;
pub const PAYLOAD_DIGEST: u32 = 5092;
pub const PAYLOAD_DIGEST_ALGORITHM: u32 = 5093;
pub const PAYLOAD_DIGEST_ALT: u32 = 5097;
pub const PAYLOAD_SIZE: u32 = 5112;
pub const PAYLOAD_SIZE_ALT: u32 = 5113;
pub const RPM_FORMAT: u32 = 5114;
pub const FILE_MIMES: u32 = 5115;
pub const MIME_NAMES: u32 = 5116;

/// SHA-256, by its number in OpenPGP.
pub const SHA256: u64 = 8;

// Of relations.
pub const LESS: u32 = 1 << 1;
pub const GREATER: u32 = 1 << 2;
pub const EQUAL: u32 = 1 << 3;
pub const POSTTRANS_SCRIPT: u32 = 1 << 5;
pub const INTERPRETER: u32 = 1 << 8;
pub const PRE_SCRIPT: u32 = 1 << 9;
pub const POST_SCRIPT: u32 = 1 << 10;
pub const PREUN_SCRIPT: u32 = 1 << 11;
pub const POSTUN_SCRIPT: u32 = 1 << 12;
pub const TRIGGER_IN: u32 = 1 << 16;
pub const RPMLIB: u32 = 1 << 24;
pub const CONFIG: u32 = 1 << 28;

// Of files.
pub const FILE_CONFIG: u32 = 1;
pub const FILE_DOC: u32 = 1 << 1;
pub const FILE_NO_REPLACE: u32 = 1 << 4;
pub const FILE_GHOST: u32 = 1 << 6;
