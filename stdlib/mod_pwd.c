/* pwd and grp: the databases of users and groups, through the C library's re-entrant functions. Listing a whole
 * database goes through a position that the C library keeps for the process: two VMs that list at once share it. */
#include "stdlib/mod_posix.h"

#include <grp.h>
#include <pwd.h>

#define ENTRY_MAX ((size_t)1 << 24) /* what an entry may need: a group with very many members */

static const char *const user_fields[] = {"pw_name",  "pw_passwd", "pw_uid",  "pw_gid",
                                          "pw_gecos", "pw_dir",    "pw_shell"};
static const char *const group_fields[] = {"gr_name", "gr_passwd", "gr_gid", "gr_mem"};

static Type *user_type(VM *vm) {
    return structseq_type(vm, "pwd.struct_passwd", "A user: name, password, numbers, full name, home and shell.",
                          user_fields, 7, 7);
}
static Type *group_type(VM *vm) {
    return structseq_type(vm, "grp.struct_group", "A group: name, password, number and members.", group_fields, 4, 4);
}

static Value text(VM *vm, const char *s) { return s ? posix_decode(vm, s, strlen(s)) : VALUE_NONE; }

static Value user_value(VM *vm, const struct passwd *p) {
    Type *type = user_type(vm);
    if (!type)
        return VALUE_ERROR;
    Value items[] = {text(vm, p->pw_name),      text(vm, p->pw_passwd), from_small_int(p->pw_uid),
                     from_small_int(p->pw_gid), text(vm, p->pw_gecos),  text(vm, p->pw_dir),
                     text(vm, p->pw_shell)};
    return structseq_new(vm, type, items);
}

static Value group_value(VM *vm, const struct group *g) {
    Type *type = group_type(vm);
    Value members = type ? list_new(vm, 0) : VALUE_ERROR;
    for (char **m = g->gr_mem; members && m && *m; m++) {
        Value name = text(vm, *m);
        if (!name || !list_append_steal(vm, members, name))
            set_owned(vm, &members, 0);
    }
    if (!members)
        return VALUE_ERROR;
    Value items[] = {text(vm, g->gr_name), text(vm, g->gr_passwd), from_small_int(g->gr_gid), members};
    return structseq_new(vm, type, items);
}

/* What is asked of the system: the entry of a name or of a number. */
typedef struct Query {
    bool group;
    const char *name; /* NULL: the number */
    uint32_t number;
} Query;

/* The C library's answer, with as large a buffer as it needs; 0 without an exception when there is no such entry. */
static Value ask(VM *vm, const Query *q) {
    for (size_t size = 1024;; size *= 4) {
        struct passwd user, *user_found = NULL;
        struct group group, *group_found = NULL;
        int error;
        char *buffer = mem_alloc(vm, size);
        if (!buffer)
            return VALUE_ERROR;
        WITHOUT_LOCK(vm, error = q->group && q->name ? getgrnam_r(q->name, &group, buffer, size, &group_found)
                                 : q->group          ? getgrgid_r(q->number, &group, buffer, size, &group_found)
                                 : q->name           ? getpwnam_r(q->name, &user, buffer, size, &user_found)
                                                     : getpwuid_r(q->number, &user, buffer, size, &user_found));
        Value r = user_found ? user_value(vm, user_found) : group_found ? group_value(vm, group_found) : 0;
        mem_free(vm, buffer, size);
        if (user_found || group_found || error != ERANGE)
            return r;
        if (size > ENTRY_MAX)
            return raise_memory(vm);
    }
}

static Value by_name(VM *vm, bool group, Value name) {
    const char *function = group ? "getgrnam" : "getpwnam";
    if (!is_str(name))
        return raise_type(vm, "%s() argument %smust be str, not %T", function, group ? "1 " : "", name);
    Value bytes = posix_fs_bytes(vm, name);
    if (!bytes)
        return VALUE_ERROR;
    Query q = {.group = group, .name = as_bytes(bytes)->data};
    Value r = ask(vm, &q);
    if (!r && !error_pending(vm))
        raisef(vm, vm->exc.KeyError, "%s(): name not found: %R", function, name);
    decref(vm, bytes);
    return r;
}

static Value by_number(VM *vm, bool group, Value number) {
    const char *function = group ? "getgrgid" : "getpwuid", *what = group ? "gid" : "uid";
    Query q = {.group = group};
    if (!posix_owner(vm, what, number, &q.number)) {
        if (group || !error_matches(vm, vm->exc.OverflowError))
            return VALUE_ERROR;
        error_clear(vm);
        return raisef(vm, vm->exc.KeyError, "getpwuid(): uid not found");
    }
    Value r = ask(vm, &q);
    if (!r && !error_pending(vm))
        raisef(vm, vm->exc.KeyError, "%s(): %s not found: %S", function, what, number);
    return r;
}

static Value pwd_getpwuid(NATIVE_ARGS) { return by_number(vm, false, args[0]); }
static Value pwd_getpwnam(NATIVE_ARGS) { return by_name(vm, false, args[0]); }
static Value grp_getgrgid(NATIVE_ARGS) { return by_number(vm, true, args[0]); }
static Value grp_getgrnam(NATIVE_ARGS) { return by_name(vm, true, args[0]); }

static Value pwd_getpwall(NATIVE_ARGS) {
    Value list = list_new(vm, 0);
    struct passwd *p;
    if (list)
        setpwent();
    while (list && (p = getpwent()) != NULL) {
        Value user = user_value(vm, p);
        if (!user || !list_append_steal(vm, list, user))
            set_owned(vm, &list, 0);
    }
    endpwent();
    return list;
}

static Value grp_getgrall(NATIVE_ARGS) {
    Value list = list_new(vm, 0);
    struct group *g;
    if (list)
        setgrent();
    while (list && (g = getgrent()) != NULL) {
        Value group = group_value(vm, g);
        if (!group || !list_append_steal(vm, list, group))
            set_owned(vm, &list, 0);
    }
    endgrent();
    return list;
}

static const MethodSpec user_functions[] = {
    {"getpwuid", pwd_getpwuid, "uidobj, /", "The user with this number.", 0},
    {"getpwnam", pwd_getpwnam, "name, /", "The user of this name.", 0},
    {"getpwall", pwd_getpwall, "", "All users, in no particular order.", 0},
    {0},
};
static const MethodSpec group_functions[] = {
    {"getgrgid", grp_getgrgid, "id", "The group with this number.", 0},
    {"getgrnam", grp_getgrnam, "name", "The group of this name.", 0},
    {"getgrall", grp_getgrall, "", "All groups, in no particular order.", 0},
    {0},
};

bool mod_pwd_init(VM *vm, Value module) {
    return module_add_functions(vm, module, user_functions) &&
           posix_add_type(vm, module, "struct_passwd", user_type(vm));
}

bool mod_grp_init(VM *vm, Value module) {
    return module_add_functions(vm, module, group_functions) &&
           posix_add_type(vm, module, "struct_group", group_type(vm));
}
