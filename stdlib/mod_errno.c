/* The module errno: the system's error numbers by name. */
#include "stdlib/init.h"

#include <errno.h>

static const struct {
    const char *name;
    int number;
} errors[] = {
#define ROW(name) {#name, name},
#ifdef E2BIG
    ROW(E2BIG)
#endif
#ifdef EACCES
        ROW(EACCES)
#endif
#ifdef EADDRINUSE
            ROW(EADDRINUSE)
#endif
#ifdef EADDRNOTAVAIL
                ROW(EADDRNOTAVAIL)
#endif
#ifdef EADV
                    ROW(EADV)
#endif
#ifdef EAFNOSUPPORT
                        ROW(EAFNOSUPPORT)
#endif
#ifdef EAGAIN
                            ROW(EAGAIN)
#endif
#ifdef EALREADY
                                ROW(EALREADY)
#endif
#ifdef EBADE
                                    ROW(EBADE)
#endif
#ifdef EBADF
                                        ROW(EBADF)
#endif
#ifdef EBADFD
                                            ROW(EBADFD)
#endif
#ifdef EBADMSG
                                                ROW(EBADMSG)
#endif
#ifdef EBADR
                                                    ROW(EBADR)
#endif
#ifdef EBADRQC
                                                        ROW(EBADRQC)
#endif
#ifdef EBADSLT
                                                            ROW(EBADSLT)
#endif
#ifdef EBFONT
                                                                ROW(EBFONT)
#endif
#ifdef EBUSY
                                                                    ROW(EBUSY)
#endif
#ifdef ECANCELED
                                                                        ROW(ECANCELED)
#endif
#ifdef ECHILD
                                                                            ROW(ECHILD)
#endif
#ifdef ECHRNG
                                                                                ROW(ECHRNG)
#endif
#ifdef ECOMM
                                                                                    ROW(ECOMM)
#endif
#ifdef ECONNABORTED
                                                                                        ROW(ECONNABORTED)
#endif
#ifdef ECONNREFUSED
                                                                                            ROW(ECONNREFUSED)
#endif
#ifdef ECONNRESET
                                                                                                ROW(ECONNRESET)
#endif
#ifdef EDEADLK
                                                                                                    ROW(EDEADLK)
#endif
#ifdef EDEADLOCK
                                                                                                        ROW(EDEADLOCK)
#endif
#ifdef EDESTADDRREQ
                                                                                                            ROW(EDESTADDRREQ)
#endif
#ifdef EDOM
                                                                                                                ROW(EDOM)
#endif
#ifdef EDOTDOT
                                                                                                                    ROW(EDOTDOT)
#endif
#ifdef EDQUOT
                                                                                                                        ROW(EDQUOT)
#endif
#ifdef EEXIST
                                                                                                                            ROW(EEXIST)
#endif
#ifdef EFAULT
                                                                                                                                ROW(EFAULT)
#endif
#ifdef EFBIG
                                                                                                                                    ROW(EFBIG)
#endif
#ifdef EHOSTDOWN
                                                                                                                                        ROW(EHOSTDOWN)
#endif
#ifdef EHOSTUNREACH
                                                                                                                                            ROW(EHOSTUNREACH)
#endif
#ifdef EIDRM
                                                                                                                                                ROW(EIDRM)
#endif
#ifdef EILSEQ
                                                                                                                                                    ROW(EILSEQ)
#endif
#ifdef EINPROGRESS
                                                                                                                                                        ROW(EINPROGRESS)
#endif
#ifdef EINTR
                                                                                                                                                            ROW(EINTR)
#endif
#ifdef EINVAL
                                                                                                                                                                ROW(EINVAL)
#endif
#ifdef EIO
                                                                                                                                                                    ROW(EIO)
#endif
#ifdef EISCONN
                                                                                                                                                                        ROW(EISCONN)
#endif
#ifdef EISDIR
                                                                                                                                                                            ROW(EISDIR)
#endif
#ifdef EISNAM
                                                                                                                                                                                ROW(EISNAM)
#endif
#ifdef EKEYEXPIRED
                                                                                                                                                                                    ROW(EKEYEXPIRED)
#endif
#ifdef EKEYREJECTED
                                                                                                                                                                                        ROW(EKEYREJECTED)
#endif
#ifdef EKEYREVOKED
                                                                                                                                                                                            ROW(EKEYREVOKED)
#endif
#ifdef EL2HLT
                                                                                                                                                                                                ROW(EL2HLT)
#endif
#ifdef EL2NSYNC
                                                                                                                                                                                                    ROW(EL2NSYNC)
#endif
#ifdef EL3HLT
                                                                                                                                                                                                        ROW(EL3HLT)
#endif
#ifdef EL3RST
                                                                                                                                                                                                            ROW(EL3RST)
#endif
#ifdef ELIBACC
                                                                                                                                                                                                                ROW(ELIBACC)
#endif
#ifdef ELIBBAD
                                                                                                                                                                                                                    ROW(ELIBBAD)
#endif
#ifdef ELIBEXEC
                                                                                                                                                                                                                        ROW(ELIBEXEC)
#endif
#ifdef ELIBMAX
                                                                                                                                                                                                                            ROW(ELIBMAX)
#endif
#ifdef ELIBSCN
                                                                                                                                                                                                                                ROW(ELIBSCN)
#endif
#ifdef ELNRNG
                                                                                                                                                                                                                                    ROW(ELNRNG)
#endif
#ifdef ELOOP
                                                                                                                                                                                                                                        ROW(ELOOP)
#endif
#ifdef EMEDIUMTYPE
                                                                                                                                                                                                                                            ROW(EMEDIUMTYPE)
#endif
#ifdef EMFILE
                                                                                                                                                                                                                                                ROW(EMFILE)
#endif
#ifdef EMLINK
                                                                                                                                                                                                                                                    ROW(EMLINK)
#endif
#ifdef EMSGSIZE
                                                                                                                                                                                                                                                        ROW(EMSGSIZE)
#endif
#ifdef EMULTIHOP
                                                                                                                                                                                                                                                            ROW(EMULTIHOP)
#endif
#ifdef ENAMETOOLONG
                                                                                                                                                                                                                                                                ROW(ENAMETOOLONG)
#endif
#ifdef ENAVAIL
                                                                                                                                                                                                                                                                    ROW(ENAVAIL)
#endif
#ifdef ENETDOWN
                                                                                                                                                                                                                                                                        ROW(ENETDOWN)
#endif
#ifdef ENETRESET
                                                                                                                                                                                                                                                                            ROW(ENETRESET)
#endif
#ifdef ENETUNREACH
                                                                                                                                                                                                                                                                                ROW(ENETUNREACH)
#endif
#ifdef ENFILE
                                                                                                                                                                                                                                                                                    ROW(ENFILE)
#endif
#ifdef ENOANO
                                                                                                                                                                                                                                                                                        ROW(ENOANO)
#endif
#ifdef ENOBUFS
                                                                                                                                                                                                                                                                                            ROW(ENOBUFS)
#endif
#ifdef ENOCSI
                                                                                                                                                                                                                                                                                                ROW(ENOCSI)
#endif
#ifdef ENODATA
                                                                                                                                                                                                                                                                                                    ROW(ENODATA)
#endif
#ifdef ENODEV
                                                                                                                                                                                                                                                                                                        ROW(ENODEV)
#endif
#ifdef ENOENT
                                                                                                                                                                                                                                                                                                            ROW(ENOENT)
#endif
#ifdef ENOEXEC
                                                                                                                                                                                                                                                                                                                ROW(ENOEXEC)
#endif
#ifdef ENOKEY
                                                                                                                                                                                                                                                                                                                    ROW(ENOKEY)
#endif
#ifdef ENOLCK
                                                                                                                                                                                                                                                                                                                        ROW(ENOLCK)
#endif
#ifdef ENOLINK
                                                                                                                                                                                                                                                                                                                            ROW(ENOLINK)
#endif
#ifdef ENOMEDIUM
                                                                                                                                                                                                                                                                                                                                ROW(ENOMEDIUM)
#endif
#ifdef ENOMEM
                                                                                                                                                                                                                                                                                                                                    ROW(ENOMEM)
#endif
#ifdef ENOMSG
                                                                                                                                                                                                                                                                                                                                        ROW(ENOMSG)
#endif
#ifdef ENONET
                                                                                                                                                                                                                                                                                                                                            ROW(ENONET)
#endif
#ifdef ENOPKG
                                                                                                                                                                                                                                                                                                                                                ROW(ENOPKG)
#endif
#ifdef ENOPROTOOPT
                                                                                                                                                                                                                                                                                                                                                    ROW(ENOPROTOOPT)
#endif
#ifdef ENOSPC
                                                                                                                                                                                                                                                                                                                                                        ROW(ENOSPC)
#endif
#ifdef ENOSR
                                                                                                                                                                                                                                                                                                                                                            ROW(ENOSR)
#endif
#ifdef ENOSTR
                                                                                                                                                                                                                                                                                                                                                                ROW(ENOSTR)
#endif
#ifdef ENOSYS
                                                                                                                                                                                                                                                                                                                                                                    ROW(ENOSYS)
#endif
#ifdef ENOTBLK
                                                                                                                                                                                                                                                                                                                                                                        ROW(ENOTBLK)
#endif
#ifdef ENOTCONN
                                                                                                                                                                                                                                                                                                                                                                            ROW(ENOTCONN)
#endif
#ifdef ENOTDIR
                                                                                                                                                                                                                                                                                                                                                                                ROW(ENOTDIR)
#endif
#ifdef ENOTEMPTY
                                                                                                                                                                                                                                                                                                                                                                                    ROW(ENOTEMPTY)
#endif
#ifdef ENOTNAM
                                                                                                                                                                                                                                                                                                                                                                                        ROW(ENOTNAM)
#endif
#ifdef ENOTRECOVERABLE
                                                                                                                                                                                                                                                                                                                                                                                            ROW(ENOTRECOVERABLE)
#endif
#ifdef ENOTSOCK
                                                                                                                                                                                                                                                                                                                                                                                                ROW(ENOTSOCK)
#endif
#ifdef ENOTSUP
                                                                                                                                                                                                                                                                                                                                                                                                    ROW(ENOTSUP)
#endif
#ifdef ENOTTY
                                                                                                                                                                                                                                                                                                                                                                                                        ROW(ENOTTY)
#endif
#ifdef ENOTUNIQ
                                                                                                                                                                                                                                                                                                                                                                                                            ROW(ENOTUNIQ)
#endif
#ifdef ENXIO
                                                                                                                                                                                                                                                                                                                                                                                                                ROW(ENXIO)
#endif
#ifdef EOPNOTSUPP
                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(EOPNOTSUPP)
#endif
#ifdef EOVERFLOW
                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(EOVERFLOW)
#endif
#ifdef EOWNERDEAD
                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(EOWNERDEAD)
#endif
#ifdef EPERM
                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(EPERM)
#endif
#ifdef EPFNOSUPPORT
                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(EPFNOSUPPORT)
#endif
#ifdef EPIPE
                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(EPIPE)
#endif
#ifdef EPROTO
                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(EPROTO)
#endif
#ifdef EPROTONOSUPPORT
                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(EPROTONOSUPPORT)
#endif
#ifdef EPROTOTYPE
                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(EPROTOTYPE)
#endif
#ifdef ERANGE
                                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(ERANGE)
#endif
#ifdef EREMCHG
                                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(EREMCHG)
#endif
#ifdef EREMOTE
                                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(EREMOTE)
#endif
#ifdef EREMOTEIO
                                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(EREMOTEIO)
#endif
#ifdef ERESTART
                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(ERESTART)
#endif
#ifdef ERFKILL
                                                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(ERFKILL)
#endif
#ifdef EROFS
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(EROFS)
#endif
#ifdef ESHUTDOWN
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(ESHUTDOWN)
#endif
#ifdef ESOCKTNOSUPPORT
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(ESOCKTNOSUPPORT)
#endif
#ifdef ESPIPE
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(ESPIPE)
#endif
#ifdef ESRCH
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(ESRCH)
#endif
#ifdef ESRMNT
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(ESRMNT)
#endif
#ifdef ESTALE
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(ESTALE)
#endif
#ifdef ESTRPIPE
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(ESTRPIPE)
#endif
#ifdef ETIME
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(ETIME)
#endif
#ifdef ETIMEDOUT
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(ETIMEDOUT)
#endif
#ifdef ETOOMANYREFS
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(ETOOMANYREFS)
#endif
#ifdef ETXTBSY
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(ETXTBSY)
#endif
#ifdef EUCLEAN
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(EUCLEAN)
#endif
#ifdef EUNATCH
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(EUNATCH)
#endif
#ifdef EUSERS
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ROW(EUSERS)
#endif
#ifdef EWOULDBLOCK
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            ROW(EWOULDBLOCK)
#endif
#ifdef EXDEV
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                ROW(EXDEV)
#endif
#ifdef EXFULL
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    ROW(EXFULL)
#endif
#undef ROW
};

bool mod_errno_init(VM *vm, Value module) {
    Value names = dict_new(vm);
    bool ok = names != 0;
    for (size_t i = 0; ok && i < ARRAY_LEN(errors); i++) {
        Value number = from_small_int(errors[i].number), name = str_intern_c(vm, errors[i].name);
        /* of two names for one number errorcode has the later one, these two apart */
        bool alias = strcmp(errors[i].name, "EWOULDBLOCK") == 0 || strcmp(errors[i].name, "EOPNOTSUPP") == 0;
        ok = name && dict_set(vm, module_dict(module), name, number) &&
             ((alias && dict_get(vm, names, number)) || dict_set(vm, names, number, name));
        decref(vm, name);
    }
    if (!ok) {
        decref(vm, names);
        return false;
    }
    return module_add(vm, module, "errorcode", names);
}
