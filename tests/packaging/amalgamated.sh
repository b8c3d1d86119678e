# make amalgamation; cove.c is compiled with one line, and runs scripts of the tests as the static library does.
check "make amalgamation" $make -s amalgamation
one=$build/amalgamation
check "cove.c is compiled" \
    "$cc" -O1 -Wall -Werror -fno-strict-aliasing -DCOVE_WITH_PCRE2 -c "$one/cove.c" -o "$work/cove.o"
check "its names" sh -c "nm -g --defined-only '$work/cove.o' | awk '{ print \$3 }' >'$work/names'"
check "it shows only cove_*" only_public "$work/names"
# No name that was changed got into a text.
texts() { [ "$(strings "$work/stripped.o" | grep -cE '[a-z]__h?[0-9]+$')" = 0 ]; }
cp "$work/cove.o" "$work/stripped.o"
check "it is stripped" strip --strip-unneeded "$work/stripped.o"
check "texts are as in the sources" texts
linked() { "$cc" -Iinclude tests/packaging/script.c "$1" -o "$2" -lutf8proc -lgmp -lm -lpthread; }
check "a host is linked with it" linked "$work/cove.o" "$work/script"
check "a host is linked with the static library" linked "$build/library/libcove.a" "$work/usual"
# Both without a file of arguments or an input: what they print has to be the same.
same=0
for script in tests/types/*.co tests/generators/*.co tests/exceptions/*.co tests/builtins/*.co tests/object/*.co \
    tests/compiler/*.co; do
    cd "$(dirname "$script")" || exit 2
    for host in script usual; do
        timeout 60 "$work/$host" "${script##*/}" >"$work/$host.out" 2>/dev/null </dev/null
    done
    cd - >/dev/null || exit 2
    cmp -s "$work/script.out" "$work/usual.out" && same=$((same + 1)) || echo "$script" >>"$work/differ"
done
agree() { [ ! -s "$work/differ" ] || { cat "$work/differ"; false; }; }
check "scripts of the tests run with it: $same" agree
check "cove.c is compiled without the library" "$cc" -O0 -fno-strict-aliasing -DCOVE_NO_STDLIB "-I$one" \
    tests/packaging/script.c "$one/cove.c" -o "$work/bare" -lutf8proc -lgmp -lm -lpthread
echo 'print(sum(n * n for n in range(10)))' >"$work/squares.co"
check "it runs a script" sh -c "[ \"\$('$work/bare' '$work/squares.co')\" = 285 ]"
