/* Calls both ways: a module and a class of the host that a script uses, and script functions that the host calls. */
#include <math.h>
#include <stdio.h>

#include <cove.h>

typedef struct Turtle {
    double x, y, heading;
} Turtle;

static const cove_class_def turtle_class;

static Turtle *turtle_of(cove_vm *vm, cove_value v) { return cove_instance_data(vm, v, &turtle_class); }

static cove_value turtle_forward(cove_vm *vm, const cove_call_info *call) {
    Turtle *t = turtle_of(vm, call->self);
    double distance;
    if (t == NULL || !cove_to_double(vm, call->args[0], &distance))
        return COVE_FAILED;
    if (distance < 0)
        return cove_raise(vm, "ValueError", "a turtle does not walk backwards (%g)", distance);
    t->x += distance * cos(t->heading);
    t->y += distance * sin(t->heading);
    return call->self; /* so that calls can be chained */
}

static cove_value turtle_turn(cove_vm *vm, const cove_call_info *call) {
    Turtle *t = turtle_of(vm, call->self);
    double degrees;
    if (t == NULL || !cove_to_double(vm, call->args[0], &degrees))
        return COVE_FAILED;
    t->heading += degrees * acos(-1) / 180;
    return call->self;
}

static cove_value turtle_position(cove_vm *vm, const cove_call_info *call) {
    Turtle *t = turtle_of(vm, call->self);
    if (t == NULL)
        return COVE_FAILED;
    cove_value pair[2] = {cove_float(vm, round(t->x * 100) / 100), cove_float(vm, round(t->y * 100) / 100)};
    return cove_tuple(vm, pair, 2);
}

static const cove_function_def turtle_methods[] = {
    {"forward", turtle_forward, "distance, /", "Walks.", 0, NULL},
    {"turn", turtle_turn, "degrees, /", "Turns left.", 0, NULL},
    {0},
};
static const cove_property_def turtle_properties[] = {
    {"position", turtle_position, NULL, "Where it is: (x, y).", NULL},
    {0},
};
static const cove_class_def turtle_class = {
    .name = "garden.Turtle",
    .doc = "An animal that walks.",
    .data_size = sizeof(Turtle),
    .methods = turtle_methods,
    .properties = turtle_properties,
};

static bool garden_setup(cove_vm *vm, cove_value module) {
    return cove_set_attr(vm, module, "Turtle", cove_class(vm, &turtle_class));
}
static const cove_module_def garden = {"garden", "Animals and plants.", NULL, garden_setup};

static const char script[] = "from garden import Turtle\n"
                             "class Racer(Turtle):\n"
                             "    laps = 0\n"
                             "    def lap(self, side):\n"
                             "        for _ in range(4):\n"
                             "            self.forward(side).turn(90)\n"
                             "        self.laps += 1\n"
                             "        return self.laps\n"
                             "def walk():\n"
                             "    return Turtle().forward(3).turn(90).forward(4).position\n";

int main(void) {
    cove_vm *vm = cove_create(NULL);
    if (vm == NULL || !cove_add_module(vm, &garden) || !cove_exec(vm, script, "walk.co")) {
        fputs(vm ? cove_error_report(vm) : "no memory\n", stderr);
        return 1;
    }
    cove_value position = cove_call(vm, cove_global(vm, "walk"), NULL, 0);
    printf("walked to %s\n", cove_text(vm, cove_to_repr(vm, position), NULL));

    cove_value racer = cove_call(vm, cove_global(vm, "Racer"), NULL, 0), side = cove_int(vm, 10);
    int64_t laps = 0;
    while (laps < 3 && cove_to_int(vm, cove_call_method(vm, racer, "lap", &side, 1), &laps))
        ;
    printf("%d laps\n", (int)laps);

    cove_value back = cove_int(vm, -1);
    if (!cove_ok(cove_call_method(vm, racer, "forward", &back, 1)))
        printf("%s: %s\n", cove_error_type(vm), cove_error_message(vm));
    cove_destroy(vm);
    return 0;
}
