/* A readable listing of a code object: one line for each instruction, with its source line, operands and jump target.
 *
 * Registers are shown as the local's name, or tN for a temporary; constants by their repr. */
#include "runtime/vm.h"

#include "code/code.h"

static void put_register(StrBuilder *b, const Code *c, unsigned reg) {
    if (reg < c->nlocals)
        strbuilder_printf(b, " %V", as_tuple(c->local_names)->items[reg]);
    else
        strbuilder_printf(b, " t%d", (int)(reg - c->nlocals));
}

static void put_constant(StrBuilder *b, const Code *c, uint32_t k) {
    if (k < c->nconsts)
        strbuilder_printf(b, " %R", c->consts[k]);
    else
        strbuilder_add_c(b, " ?");
}

static int64_t jump_target(const Code *c, uint32_t pc, Instr i) {
    const char *format = opcode_formats[instr_op(i)];
    uint32_t next = pc + 1 + opcode_caches[instr_op(i)];
    if (format[0] == 'J')
        return (int64_t)next + (int16_t)instr_a(i);
    if (format[0] && format[1] == 'X')
        return (int64_t)next + (int32_t)instr_x(i);
    if (strchr(format, 'F'))
        return (int64_t)next + (int32_t)c->instrs[pc + 1];
    return -1;
}

static void put_operands(StrBuilder *b, const Code *c, uint32_t pc, Instr i) {
    const char *format = opcode_formats[instr_op(i)];
    unsigned operands[3] = {instr_a(i), instr_b(i), instr_c(i)};
    uint32_t cache = opcode_caches[instr_op(i)] ? (uint32_t)c->instrs[pc + 1] : 0;
    for (int k = 0; k < 3 && format[k]; k++) {
        if (format[k] == 'r' || format[k] == 'w')
            put_register(b, c, operands[k]);
        else if (format[k] == 'i')
            strbuilder_printf(b, " #%d", (int)operands[k]);
        else if (format[k] == 'k' && k == 1)
            put_constant(b, c, instr_x(i));
        else if (format[k] == 'k' && format[1] != 'k')
            put_constant(b, c, operands[k]);
    }
    if (strchr(format, 'n') && cache < c->nnames)
        strbuilder_printf(b, " .%V", c->names[cache]);
    switch (instr_op(i)) {
    case BC_MAKE_FUNCTION:
    case BC_CALL_KW:
    case BC_CALL_METHOD_KW:
        put_constant(b, c, cache);
        break;
    case BC_UNPACK_EX:
    case BC_MATCH_CLASS:
    case BC_INTRINSIC:
        strbuilder_printf(b, " {%d}", (int)cache);
        break;
    default:
        break;
    }
    int64_t target = jump_target(c, pc, i);
    if (target >= 0)
        strbuilder_printf(b, " -> %i", target);
}

Value code_disassemble(VM *vm, Code *c) {
    StrBuilder b;
    int last = -1;
    if (!code_ready(vm, c))
        return VALUE_ERROR;
    strbuilder_init(&b, vm);
    for (uint32_t pc = 0; pc < c->ninstrs; pc += 1 + opcode_caches[instr_op(c->instrs[pc])]) {
        int line = -1, end_line, col = -1, end_col = -1;
        code_position(c, pc, &line, &end_line, &col, &end_col);
        if (line != last)
            strbuilder_printf(&b, "%d:\n", line);
        last = line;
        strbuilder_printf(&b, "    %d %s", (int)pc, opcode_names[instr_op(c->instrs[pc])]);
        put_operands(&b, c, pc, c->instrs[pc]);
        strbuilder_printf(&b, "  (%d:%d)\n", col, end_col);
    }
    for (uint32_t i = 0; i < c->nhandlers; i++) {
        const HandlerEntry *h = &c->handlers[i];
        strbuilder_printf(&b, "  %d..%d raises to %d", (int)h->start, (int)h->end, (int)h->handler);
        put_register(&b, c, h->reg);
        strbuilder_add_c(&b, "\n");
    }
    return strbuilder_finish(&b);
}
