# make deb; the packages are installed into an empty root with a package database of its own, used there, and purged.
if have dpkg-shlibdeps "Debian packages"; then
    check "make deb" $make -s deb
    debs=$(echo "$build"/deb/*.deb)
    system=$work/system
    mkdir -p "$system/var/lib/dpkg/info" "$system/var/lib/dpkg/updates" "$system/var/lib/dpkg/triggers" "$system/etc"
    : >"$system/var/lib/dpkg/status"
    # The libraries that they depend on are those of this system, which the empty one knows nothing of.
    packages() {
        PATH=$PATH:/usr/sbin:/sbin dpkg --root="$system" --force-depends --force-script-chrootless --no-triggers "$@"
    }
    # shellcheck disable=SC2086
    check "the packages are installed" packages -i $debs
    check "the command runs" sh -c "'$system/usr/bin/cove' examples/hello.co | cmp - examples/hello.out"
    libdir=$system/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
    check "a host is compiled" "$cc" -I"$system/usr/include" examples/embed/hello.c -o "$work/hello" \
        -L"$libdir" -lcove "-Wl,-rpath,$libdir"
    check "it runs" runs "$work/hello" examples/embed/hello.out
    names=$(dpkg-query --admindir="$system/var/lib/dpkg" -W -f '${Package} ')
    # shellcheck disable=SC2086
    check "they are purged" packages --purge $names
    left() { [ -z "$(find "$system" -path "$system/var" -prune -o ! -type d -print)" ]; }
    check "nothing is left of them" left
fi
