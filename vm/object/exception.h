/* Exception objects. Hierarchy rows are in exceptions.def, groups in exception_group.c. */
#ifndef COVE_OBJECT_EXCEPTION_H
#define COVE_OBJECT_EXCEPTION_H

#include "object/object.h"

/* One struct serves every exception class: `field` holds the attributes of the kinds that have some (their names, by
 * class, are in exceptions.def): OSError errno strerror filename filename2 characters_written; SyntaxError msg
 * filename lineno offset text end_lineno end_offset print_file_and_line; StopIteration value; SystemExit code;
 * ImportError msg name path name_from; NameError name; AttributeError name obj; Unicode*Error encoding object start
 * end reason; groups message exceptions. */
#define EXCEPTION_FIELDS 8
typedef struct Exception {
    Object header;
    Value args;           /* tuple */
    Value notes;          /* __notes__ is an ordinary attribute in the dict; unused here unless set: list or 0 */
    Value traceback;      /* Traceback or 0 */
    Value cause, context; /* exceptions or 0 */
    bool suppress_context;
    Value *fields; /* EXCEPTION_FIELDS owned values of the classes that have any, else NULL */
} Exception;

static ALWAYS_INLINE Exception *as_exception(Value v) { return (Exception *)as_obj(v); }
/* Makes an instance by calling the class as a script would; args are borrowed. */
Value exception_new(VM *vm, Type *type, Value *args, size_t nargs);
/* Cheapest form: class known to be native, one argument or none (0). */
Value exception_new_simple(VM *vm, Type *type, Value arg);
Value exception_field(Value exc, int index);                     /* borrowed, 0 if unset */
bool exception_set_field(VM *vm, Value exc, int index, Value v); /* takes its own reference */
enum {
    STOPITERATION_VALUE = 0,
    SYSTEMEXIT_CODE = 0,
    IMPORTERROR_MSG = 0,
    IMPORTERROR_NAME,
    IMPORTERROR_PATH,
    IMPORTERROR_NAME_FROM,
    NAMEERROR_NAME = 0,
    ATTRIBUTEERROR_NAME = 0,
    ATTRIBUTEERROR_OBJ,
    OSERROR_ERRNO = 0,
    OSERROR_STRERROR,
    OSERROR_FILENAME,
    OSERROR_FILENAME2,
    OSERROR_WRITTEN,
    SYNTAXERROR_MSG = 0,
    SYNTAXERROR_FILENAME,
    SYNTAXERROR_LINENO,
    SYNTAXERROR_OFFSET,
    SYNTAXERROR_TEXT,
    SYNTAXERROR_END_LINENO,
    SYNTAXERROR_END_OFFSET,
    SYNTAXERROR_PRINT_FILE,
    UNICODEERROR_ENCODING = 0,
    UNICODEERROR_OBJECT,
    UNICODEERROR_START,
    UNICODEERROR_END,
    UNICODEERROR_REASON,
    GROUP_MESSAGE = 0,
    GROUP_EXCEPTIONS
};

/* except*: splits `exc` (a group, or wrapped into one) by spec; *match and *rest are owned, VALUE_NONE where empty.
 */
bool exception_group_split(VM *vm, Value exc, Value spec, Value *match, Value *rest);
/* What a try/except* raises in the end: the unhandled rest and the newly raised ones (a list), or VALUE_NONE. */
Value exception_group_combine(VM *vm, Value original, Value raised_list);

/* The exception types of a new VM (vm->exc); after the types of types.def. */
bool exception_types_setup(VM *vm);
bool exception_group_setup(VM *vm); /* once tuples can be made */

#endif
