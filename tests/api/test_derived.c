/* Classes of the host that derive from classes of the host. */
#include "api_test.h"

typedef struct Entity {
    int64_t x;
    char mark[5];
} Entity;

typedef struct Player {
    int64_t score;
    cove_value friend_kept;
} Player;

static const cove_class_def entity_class, player_class, hero_class;
static char ended[64];

static void note(const char *text) {
    if (strlen(ended) + strlen(text) < sizeof ended)
        strcat(ended, text);
}

static cove_value entity_init(cove_vm *vm, const cove_call_info *call) {
    Entity *e = cove_instance_data(vm, call->self, &entity_class);
    if (e == NULL || !cove_to_int(vm, call->args[0], &e->x) || !cove_set_slot(vm, call->self, 0, call->args[1]))
        return COVE_FAILED;
    strcpy(e->mark, "made");
    return cove_none(vm);
}

static void entity_end(cove_vm *vm, void *data) { note(strcmp(((Entity *)data)->mark, "made") == 0 ? "E" : "e"); }

static cove_value entity_move(cove_vm *vm, const cove_call_info *call) {
    Entity *e = cove_instance_data(vm, call->self, &entity_class);
    int64_t by;
    if (e == NULL || !cove_to_int(vm, call->args[0], &by))
        return COVE_FAILED;
    return cove_int(vm, e->x += by);
}

static cove_value entity_add(cove_vm *vm, const cove_call_info *call) {
    Entity *a = cove_instance_data(vm, call->self, &entity_class);
    int64_t b;
    if (!cove_to_int(vm, call->args[0], &b))
        return cove_not_implemented(vm);
    return cove_int(vm, a->x + b);
}

static cove_value entity_len(cove_vm *vm, const cove_call_info *call) { return cove_int(vm, 3); }
static cove_value get_x(cove_vm *vm, const cove_call_info *call) {
    Entity *e = cove_instance_data(vm, call->self, &entity_class);
    return e == NULL ? COVE_FAILED : cove_int(vm, e->x);
}
static cove_value get_held(cove_vm *vm, const cove_call_info *call) {
    cove_value v = cove_slot(vm, call->self, 0);
    return cove_ok(v) ? v : cove_none(vm);
}

static const cove_function_def entity_methods[] = {
    {"move", entity_move, "by", "Moves it.", 0, NULL},
    {"__add__", entity_add, "other, /", NULL, 0, NULL},
    {"__len__", entity_len, NULL, NULL, 0, NULL},
    {0},
};
static const cove_property_def entity_properties[] = {
    {"x", get_x, NULL, "Where.", NULL},
    {"held", get_held, NULL, NULL, NULL},
    {0},
};
static const cove_class_def entity_class = {
    .name = "game.Entity",
    .data_size = sizeof(Entity),
    .slots = 1,
    .signature = "x, held=None",
    .init = entity_init,
    .finalize = entity_end,
    .methods = entity_methods,
    .properties = entity_properties,
};

static cove_value player_init(cove_vm *vm, const cove_call_info *call) {
    cove_value base = cove_get_attr(vm, cove_class(vm, &entity_class), "__init__");
    cove_value args[2] = {call->self, call->args[0]};
    if (!cove_ok(cove_call(vm, base, args, 2)))
        return COVE_FAILED;
    Player *p = cove_instance_data(vm, call->self, &player_class);
    p->score = 100;
    return cove_set_slot(vm, call->self, 2, call->args[1]) ? cove_none(vm) : COVE_FAILED;
}

static void player_end(cove_vm *vm, void *data) { note("P"); }

static cove_value player_len(cove_vm *vm, const cove_call_info *call) { return cove_int(vm, 4); }
static cove_value get_score(cove_vm *vm, const cove_call_info *call) {
    Player *p = cove_instance_data(vm, call->self, &player_class);
    return p == NULL ? COVE_FAILED : cove_int(vm, p->score);
}
static cove_value get_last(cove_vm *vm, const cove_call_info *call) {
    cove_value v = cove_slot(vm, call->self, 2);
    return cove_ok(v) ? v : cove_none(vm);
}

static const cove_function_def player_methods[] = {{"__len__", player_len, NULL, NULL, 0, NULL}, {0}};
static const cove_property_def player_properties[] = {
    {"score", get_score, NULL, NULL, NULL},
    {"last", get_last, NULL, NULL, NULL},
    {0},
};
static const cove_class_def player_class = {
    .name = "game.Player",
    .data_size = sizeof(Player),
    .slots = 2,
    .signature = "x, last",
    .init = player_init,
    .finalize = player_end,
    .methods = player_methods,
    .properties = player_properties,
    .base = &entity_class,
};
/* Nothing of its own. */
static const cove_class_def hero_class = {.name = "game.Hero", .flags = COVE_CLASS_FINAL, .base = &player_class};

static cove_vm *vm_with_classes(void) {
    cove_vm *vm = cove_create(NULL);
    ended[0] = 0;
    cove_set_global(vm, "Hero", cove_class(vm, &hero_class)); /* makes its bases first */
    cove_set_global(vm, "Player", cove_class(vm, &player_class));
    cove_set_global(vm, "Entity", cove_class(vm, &entity_class));
    return vm;
}

static void test_inheritance(void **state) {
    cove_vm *vm = vm_with_classes();
    assert_string_equal(shown(vm, "[c.__name__ for c in Hero.__mro__]"), "['Hero', 'Player', 'Entity', 'object']");
    assert_string_equal(shown(vm, "(Player.__bases__ == (Entity,), Entity.__subclasses__() == [Player], "
                                  "Player in Entity.__subclasses__(), Entity in object.__subclasses__())"),
                        "(True, True, True, True)");
    exec_ok(vm, "e, p, h = Entity(1, 'kept'), Player(2, last='z'), Hero(3, 'y')");
    assert_string_equal(shown(vm, "[(o.x, o.held, o.move(by=1), o + 10, len(o)) for o in (e, p, h)]"),
                        "[(1, 'kept', 2, 12, 3), (2, None, 3, 13, 4), (3, None, 4, 14, 4)]");
    assert_string_equal(shown(vm, "[(o.score, o.last) for o in (p, h)]"), "[(100, 'z'), (100, 'y')]");
    assert_string_equal(shown(vm, "[isinstance(h, c) for c in (Hero, Player, Entity)] + [isinstance(e, Player)]"),
                        "[True, True, True, False]");
    cove_value e = cove_global(vm, "e"), h = cove_global(vm, "h");
    assert_null(cove_instance_data(vm, e, &player_class));
    assert_string_equal(cove_error_message(vm), "a game.Player is required, not game.Entity");
    assert_ptr_not_equal(cove_instance_data(vm, h, &player_class), cove_instance_data(vm, h, &entity_class));
    assert_int_equal(((Player *)cove_instance_data(vm, h, &player_class))->score, 100);
    assert_false(cove_ok(cove_slot(vm, h, 3)));
    assert_string_equal(cove_error_message(vm), "'game.Hero' objects have no slot 3");
    cove_destroy(vm);
}

static void test_constructors(void **state) {
    cove_vm *vm = vm_with_classes();
    exec_ok(vm, "def error(f, *args):\n"
                "    try:\n"
                "        f(*args)\n"
                "    except TypeError as e:\n"
                "        return str(e)\n"
                "class Knight(Player):\n"
                "    def __init__(self, x):\n"
                "        super().__init__(x * 2, 'knight')\n"
                "    def __len__(self):\n"
                "        return super().__len__() + 1\n"
                "class Mixed(dict.__base__):\n"
                "    extra = 1\n"
                "class Both(Mixed, Player):\n"
                "    pass\n"
                "k, b = Knight(4), Both(1, 2)\n");
    assert_string_equal(shown(vm, "(k.x, k.last, k.score, len(k), b.x, b.extra, len(b), b + 1)"),
                        "(8, 'knight', 100, 5, 1, 1, 4, 2)");
    assert_string_equal(shown(vm, "error(Player, 1)"), "\"Player() missing required argument 'last' (pos 2)\"");
    assert_string_equal(shown(vm, "error(Hero, 1)"), "\"Hero() missing required argument 'last' (pos 2)\"");
    assert_non_null(strstr(shown(vm, "error(type, 'X', (Hero,), {})"), "not an acceptable base type"));
    assert_non_null(strstr(shown(vm, "error(Player.__init__, Entity(1))"), "Player"));
    /* neither constructor has run */
    assert_string_equal(shown(vm, "(lambda o: (o.x, o.held, o.score, o.last))(Hero.__new__(Hero))"),
                        "(0, None, 0, None)");
    assert_true(cove_ok(cove_instance(vm, &hero_class, NULL)));
    cove_destroy(vm);
}

static void test_life(void **state) {
    cove_vm *vm = vm_with_classes();
    exec_ok(vm, "h = Hero(1, 2)\ndel h\n");
    assert_string_equal(ended, "PE");
    exec_ok(vm, "e = Entity(1)\ndel e\nn = Player.__new__(Player)\ndel n\n");
    assert_string_equal(ended, "PEEPe");
    ended[0] = 0;
    exec_ok(vm, "import gc\n"
                "p = Player(1, [])\n"
                "p.last.append(p)\n" /* a cycle through a slot of the derived class */
                "q = Player(1, None)\n"
                "Entity.__init__(q, 2, [q])\n" /* and one through a slot of the base */
                "del p, q\n"
                "gc.collect()\n");
    assert_string_equal(ended, "PEPE");
    cove_destroy(vm);
}

/* What changes in a base class later is seen in the derived ones. */
static void test_later_attributes(void **state) {
    cove_vm *vm = vm_with_classes();
    exec_ok(vm, "h = Hero(1, 2)\n"
                "def read(): return h.limit\n"
                "failures = 0\n"
                "for i in range(100):\n"
                "    try: read()\n"
                "    except AttributeError: failures += 1\n");
    assert_true(cove_set_attr(vm, cove_class(vm, &entity_class), "limit", cove_int(vm, 1)));
    exec_ok(vm, "got = [read() for i in range(100)][-1]\n");
    assert_true(cove_set_attr(vm, cove_class(vm, &player_class), "limit", cove_int(vm, 2)));
    assert_string_equal(shown(vm, "(failures, got, read())"), "(100, 1, 2)");
    assert_true(cove_set_attr(vm, cove_class(vm, &entity_class), "__bool__", cove_eval(vm, "lambda self: False")));
    assert_string_equal(shown(vm, "bool(h)"), "False");
    cove_destroy(vm);
}

static void test_wrong_classes(void **state) {
    cove_vm *vm = cove_create(NULL);
    static const cove_class_def of_final = {.name = "Heir", .base = &hero_class};
    static const cove_class_def large = {.name = "Large", .data_size = (size_t)1 << 29};
    static const cove_class_def larger = {.name = "Larger", .data_size = (size_t)1 << 29, .base = &large};
    static const cove_class_def many = {.name = "Many", .slots = 1 << 16};
    static const cove_class_def more = {.name = "More", .slots = 1, .base = &many};
    assert_false(cove_ok(cove_class(vm, &of_final)));
    assert_string_equal(cove_error_message(vm), "type 'game.Hero' is not an acceptable base type");
    assert_true(cove_ok(cove_class(vm, &large)));
    assert_false(cove_ok(cove_class(vm, &larger)));
    assert_string_equal(cove_error_message(vm), "instances of Larger would be too large");
    assert_true(cove_ok(cove_class(vm, &many)));
    assert_false(cove_ok(cove_class(vm, &more)));
    assert_string_equal(cove_error_message(vm), "instances of More would be too large");
    cove_destroy(vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inheritance),      cmocka_unit_test(test_constructors),  cmocka_unit_test(test_life),
        cmocka_unit_test(test_later_attributes), cmocka_unit_test(test_wrong_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
