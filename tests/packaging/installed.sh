# make install and uninstall; what is installed is found by pkg-config and CMake, and used from C and C++.
root=$work/root prefix=/opt/cove
at=$root$prefix
[ "$mode" = all ] && pic=yes || pic=no
installing() { $make -s "$1" PIC=$pic DESTDIR="$root" PREFIX=$prefix; }
check "make install" installing install

for file in bin/cove lib/libcove.a include/cove.h lib/pkgconfig/cove.pc lib/cmake/Cove/CoveConfig.cmake \
    lib/cmake/Cove/CoveConfigVersion.cmake share/man/man1/cove.1 share/doc/cove/LICENSE; do
    check "installed: $file" test -s "$at/$file"
done
nothing_unfilled() { ! grep -r '@[A-Z]*@' "$at/lib/pkgconfig" "$at/lib/cmake" "$at/share/man"; }
check "no place or version is missing in what was filled in" nothing_unfilled

version=$("$at/bin/cove" -V | sed 's/^Cove //')
check "names of the static library" sh -c "nm -g --defined-only '$at/lib/libcove.a' >'$work/nm'"
awk 'NF == 3 { print $3 }' "$work/nm" >"$work/names"
check "the static library shows only cove_*" only_public "$work/names"

check "the header is C99" header_compiles "$cc" -std=c99 -x c
if have "$cxx" "C++"; then
    check "the header is C++11" header_compiles "$cxx" -std=c++11 -x c++
    check "the header is C++20" header_compiles "$cxx" -std=c++20 -x c++
fi
[ $pic = no ] && pie=-no-pie || pie=

if have pkg-config "cove.pc"; then
    pc() { PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$at/lib/pkgconfig pkg-config "$@" cove; }
    check "the version of cove.pc is the command's" test "$(pc --modversion)" = "$version"
    static_libs=$(pc --static --libs | sed 's/-lcove/-l:libcove.a/')
    # shellcheck disable=SC2046,SC2086
    check "a host in C is linked with the static library" \
        "$cc" -std=c99 -pedantic $(pc --cflags) examples/embed/hello.c -o "$work/hello" $pie $static_libs
    check "it runs" runs "$work/hello" examples/embed/hello.out
    if have "$cxx" "C++"; then
        # shellcheck disable=SC2046,SC2086
        check "a host in C++ is linked with the static library" \
            "$cxx" -std=c++11 -Wall -Wextra -Werror -pedantic $(pc --cflags) tests/packaging/host.cpp -o "$work/host" $pie $static_libs
        check "it runs" runs "$work/host" tests/packaging/host.out
    fi
    if [ $pic = yes ]; then
        library=$at/lib/libcove.so.$version
        check "names of the shared library" sh -c "nm -D --defined-only '$library' | awk '{ print \$3 }' >'$work/names'"
        check "the shared library shows only cove_*" only_public "$work/names"
        check "its name is that of its ABI" test -e "$at/lib/$(objdump -p "$library" | awk '/SONAME/ { print $2 }')"
        # shellcheck disable=SC2046
        check "a host is linked with the shared library" \
            "$cc" $(pc --cflags) examples/embed/hello.c -o "$work/hello" $(pc --libs) "-Wl,-rpath,$at/lib"
        check "it runs" runs "$work/hello" examples/embed/hello.out
    fi
fi

if have cmake "the CMake package"; then
    mkdir "$work/cmake"
    cat >"$work/cmake/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.13)
project(host C)
find_package(Cove \${WANTED} REQUIRED)
foreach(target cove cove_static)
  if(TARGET Cove::\${target})
    add_executable(hello_\${target} $PWD/examples/embed/hello.c)
    target_link_libraries(hello_\${target} Cove::\${target} \${PIE})
  endif()
endforeach()
EOF
    configure() { cmake -S "$work/cmake" -B "$work/cmake/$1" "-DWANTED=$2" "-DPIE=$pie" "-DCMAKE_PREFIX_PATH=$at"; }
    check "CMake finds version ${version%.*}" configure right "${version%.*}"
    check "CMake builds a host" cmake --build "$work/cmake/right"
    check "it runs" runs "$work/cmake/right/hello_cove_static" examples/embed/hello.out
    [ $pic = no ] || check "with the shared library too" runs "$work/cmake/right/hello_cove" examples/embed/hello.out
    takes_another() { configure wrong 99.0; }
    refuses() { ! takes_another; }
    check "CMake does not take it for another version" refuses
fi

if have man "the manual page"; then
    page() { [ -z "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$at/share/man/man1/cove.1" 2>&1 >/dev/null)" ]; }
    check "the manual page has no errors" page
fi

check "make uninstall" installing uninstall
check "nothing is left" is_empty "$root"
