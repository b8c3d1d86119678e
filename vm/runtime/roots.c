/* Roots: where a search for what lives begins (mem/gc_gradual.c). */
#include "runtime/roots.h"

#include "interp/frame.h"

void frames_visit(const Frame *innermost, const Frame *last, VisitFn visit, void *arg) {
    for (const Frame *f = innermost; f != NULL; f = f == last ? NULL : f->previous)
        frame_visit(f, visit, arg);
}

static void visit_thread(const Thread *t, VisitFn visit, void *arg) {
    const Value values[] = {t->exception,
                            t->repr_active,
                            t->async_firstiter,
                            t->async_finalizer,
                            t->asyncgen_finalizers,
                            t->coroutine_origins,
                            t->context,
                            t->running_loop,
                            t->trace,
                            t->profile,
                            t->locals,
                            t->failure};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        visit_value(values[i], visit, arg);
    for (const HandledItem *h = t->handled; h != NULL; h = h->previous)
        visit_value(h->exception, visit, arg);
    for (size_t i = 0; i < t->handle_count; i++)
        visit_value(t->handles[i], visit, arg);
    frames_visit(t->frame, NULL, visit, arg);
}

void roots_visit(VM *vm, VisitFn visit, void *arg) {
    const Value values[] = {vm->modules,      vm->builtins,     vm->builtins_module, vm->sys_module, vm->sys_dict,
                            vm->codec_errors, vm->codec_search, vm->codec_cache,     vm->warn_state, vm->roots,
                            vm->module_types, vm->source_texts, vm->gc.callbacks};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        visit_value(values[i], visit, arg);
    for (const Thread *t = vm->threads; t != NULL; t = t->next)
        visit_thread(t, visit, arg);
    if (vm->visit_host != NULL)
        vm->visit_host(vm, visit, arg);
}
