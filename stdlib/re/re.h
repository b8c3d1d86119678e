/* The module _re: what its files share.
 *
 * A pattern of Python's syntax is read by parse*.c, which reports every error as CPython words it and writes the same
 * pattern in PCRE2's syntax (emit.c). program.c has PCRE2 compile and run that; pattern.c, match.c, replace.c and
 * iterate.c are the objects that scripts see.
 *
 * A pattern of text has up to two translations. Most subjects are ASCII, and for those PCRE2 need not know about
 * UTF-8 nor about Unicode's properties: \w is a 256-bit map there. The other translation, made when the first subject
 * comes that is not ASCII, is called wide.
 */
#ifndef COVE_STDLIB_RE_H
#define COVE_STDLIB_RE_H

#include "object/buffer.h"
#include "object/containers.h"
#include "runtime/vm.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

enum ReFlags {
    RE_IGNORECASE = 2,
    RE_LOCALE = 4,
    RE_MULTILINE = 8,
    RE_DOTALL = 16,
    RE_UNICODE = 32,
    RE_VERBOSE = 64,
    RE_DEBUG = 128,
    RE_ASCII = 256,
    RE_TYPE_FLAGS = RE_LOCALE | RE_UNICODE | RE_ASCII,
};

/* ---- translation: parse.c, parse_escape.c, parse_class.c, parse_group.c, emit.c ----------------------------------
 */

typedef struct Width { /* characters that a part of a pattern can match */
    uint64_t low, high;
} Width;
#define WIDTH_MAX ((uint64_t)1 << 62)

typedef struct Token { /* a character, or a backslash and the character behind it; length 0: the end */
    const char *at;
    unsigned length;
} Token;

typedef struct ReGroup {
    Width width;
    bool closed;
    uint32_t closed_as; /* how many groups had been closed before */
} ReGroup;

typedef struct Parser {
    VM *vm;
    Value source;
    const char *text, *end;
    const char *unread; /* behind `next` */
    Token next;
    bool is_bytes, wide;
    bool quiet;        /* the pattern has been read before: no warnings */
    int flags;         /* of the whole pattern */
    bool native_words; /* PCRE2's own \b means what Python's does, where Unicode's rules are in force */
    StrBuilder out;
    bool has_utf8; /* there are characters beyond ASCII in out */

    ReGroup *groups; /* [0] stands for the whole pattern */
    size_t ngroups, groups_cap;
    uint32_t nclosed;
    Value names;               /* dict: name -> number */
    size_t look_behind_groups; /* number of groups where the outermost lookbehind began; 0: not in one */
    int look_depth;            /* lookarounds around this place */
    bool captures_in_look, behind_is_variable;
    size_t condition_group; /* largest number asked for before it was defined, and where */
    const char *condition_at;
} Parser;

/* Reads the whole pattern. False: an exception is pending. parser_drop gives back what it holds, in either case. */
bool parser_run(Parser *p, VM *vm, Value source, int flags, bool wide, bool quiet);
void parser_drop(Parser *p);

/* For the files of the parser. */
bool parser_advance(Parser *p);
bool parser_take(Parser *p, Token *t);
bool parser_accept(Parser *p, char c, bool *yes); /* takes the next token if it is this character */
bool parser_error(Parser *p, const char *at, const char *fmt, ...);
bool parser_until(Parser *p, char end, const char *what, const char **name, size_t *length);
static ALWAYS_INLINE bool token_is(Token t, char c) { return t.length == 1 && *t.at == c; }
static ALWAYS_INLINE bool token_in(Token t, const char *set) { return t.length == 1 && *t.at && strchr(set, *t.at); }
uint32_t parser_char(const Parser *p, const char *at); /* the character there */

bool parse_alternatives(Parser *p, int flags, int depth, Width *width);
bool parse_branch(Parser *p, int flags, int depth, bool first, Width *width);
/* What a group leaves behind for its branch. */
typedef enum GroupKind { GROUP_NOTHING, GROUP_ITEM, GROUP_FLAGS } GroupKind;
bool parse_group(Parser *p, int flags, int depth, bool at_start, Width *width, GroupKind *kind);
bool parse_class(Parser *p, int flags);
/* An escape: a character, a class (\d), or, outside of character classes, a position or a reference. */
typedef enum EscapeKind { ESCAPE_CHAR, ESCAPE_CATEGORY, ESCAPE_POSITION, ESCAPE_GROUP } EscapeKind;
typedef struct Escape {
    EscapeKind kind;
    uint32_t value; /* character, letter or group number */
} Escape;
bool parse_escape(Parser *p, Token t, bool in_class, Escape *out);
bool group_is_closed(const Parser *p, size_t group);
bool group_check_look_behind(Parser *p, size_t group);

/* emit.c */
bool emit_text(Parser *p, const char *text);
bool emit_literal(Parser *p, uint32_t c, int flags);
bool emit_category(Parser *p, char letter, int flags);
bool emit_position(Parser *p, char letter, int flags);
bool emit_group_flags(Parser *p, int outer, int inner); /* "(?i-s:" */
typedef struct ClassState {
    unsigned families; /* bit n: a member of case family n is in the class */
} ClassState;
bool emit_class_range(Parser *p, ClassState *c, uint32_t low, uint32_t high, int flags);
bool emit_class_category(Parser *p, char letter, int flags);
bool emit_class_end(Parser *p, const ClassState *c, int flags);
bool emit_folds(const Parser *p, int flags); /* does PCRE2 ignore the case there? */

/* ---- patterns: program.c, pattern.c ------------------------------------------------------------------------------
 */

typedef enum MatchMode { MODE_SEARCH, MODE_MATCH, MODE_FULLMATCH, MATCH_MODES } MatchMode;

typedef struct Program Program;
typedef struct Pattern {
    Object header;
    Value source;                    /* str or bytes */
    Value groupindex;                /* dict: name -> number */
    Value group_names;               /* tuple: a name or None for each group, group 0 included */
    Value template_source, template; /* the last replacement text, and what it was parsed to */
    int flags;
    bool is_bytes, captures_in_look;
    size_t ngroups;
    uint32_t *closed_as;                  /* for each group, 0 included */
    Program *programs[MATCH_MODES][2][2]; /* by mode, wide or not, interruptible or not; made on demand */
    void *match_data;                     /* PCRE2's results, kept between calls; NULL while in use */
    struct Pattern *next, *previous;      /* all patterns of the VM that have programs */
} Pattern;

typedef struct Subject { /* what is searched; held by the caller */
    Value string;        /* borrowed */
    const char *data;
    size_t start, end; /* bytes; end is where the text ends for the pattern */
    bool wide;
    bool is_bytes;
    Buffer buffer; /* of bytes-like objects; owner 0: none */
} Subject;

typedef struct Match {
    Object header;
    Value pattern, string;
    Value regs; /* tuple, made on demand */
    bool is_bytes;
    size_t pos, endpos; /* in characters */
    size_t nspans;
    size_t spans[]; /* two byte offsets for each group; SPAN_UNSET */
} Match;
#define SPAN_UNSET SIZE_MAX

typedef struct ReState {
    struct ReLibrary *library;
    Value cache;         /* dict: pattern text -> Pattern, for calls without flags */
    Value cache2;        /* dict: (class, pattern text, flags) -> Pattern */
    Value error;         /* PatternError */
    void *names_library; /* for \N{...} */
    Pattern *patterns;
    void *context, *compile_context, *match_context; /* of PCRE2 */
    bool native_words;
} ReState;
ReState *re_state(VM *vm);

extern const TypeSpec pattern_spec, match_spec, scanner_spec, match_iterator_spec;
static inline Pattern *as_pattern(Value v) { return (Pattern *)as_obj(v); }
static inline Match *as_match(Value v) { return (Match *)as_obj(v); }
bool is_pattern(VM *vm, Value v);

/* program.c */
bool program_library_open(VM *vm, ReState *state);
void program_library_close(VM *vm, ReState *state);
/* Compiles the translation that the parser has made, for this mode; NULL with an exception. */
bool program_make(VM *vm, Pattern *pattern, Parser *parsed, MatchMode mode, bool interruptible);
void programs_drop(VM *vm, Pattern *pattern);
/* Runs the pattern. 1: matched, the spans (2 * (ngroups + 1) byte offsets) are in out; 0: no; -1: exception. */
int pattern_run(VM *vm, Pattern *pattern, MatchMode mode, const Subject *s, size_t from, bool not_empty, size_t *out);

/* pattern.c */
Value pattern_compile(VM *vm, Value source, int flags);
bool subject_open(VM *vm, Pattern *p, Value string, Value pos, Value endpos, Subject *out);
void subject_close(VM *vm, Subject *s);
/* Position in characters of a byte offset of the subject. */
size_t subject_chars(VM *vm, Value string, bool is_bytes, size_t offset);
Value subject_slice(VM *vm, const Subject *s, size_t from, size_t to);
/* Runs the pattern and makes a Match; None when there is none. */
Value pattern_match(VM *vm, Value pattern, MatchMode mode, const Subject *s, size_t from, bool not_empty);

/* match.c */
Value match_new(VM *vm, Value pattern, const Subject *s, const size_t *spans);
Value match_group_text(VM *vm, const Match *m, size_t group, Value fallback); /* fallback borrowed, result owned */
bool match_group_index(VM *vm, Value match, Value key, size_t *out);

/* replace.c */
Value pattern_sub(VM *vm, Value pattern, Value repl, Value string, Value count, bool with_number);
Value template_for(VM *vm, Value pattern, Value text); /* owned */
Value template_expand(VM *vm, Value template, Value match);

/* iterate.c */
Value pattern_scanner(VM *vm, Value pattern, Value string, Value pos, Value endpos);
Value pattern_finditer(VM *vm, Value pattern, Value string, Value pos, Value endpos);
Value pattern_findall(VM *vm, Value pattern, Value string, Value pos, Value endpos);
Value pattern_split(VM *vm, Value pattern, Value string, Value maxsplit);

#endif
