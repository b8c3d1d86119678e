/* Certificates as scripts see them: the dict of getpeercert(), DER and PEM. */
#if defined(COVE_WITH_OPENSSL)
#include "stdlib/ssl/ssl.h"

Value ssl_bio_text(VM *vm, BIO *bio) {
    char *data = NULL;
    long n = F->BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
    return str_decode(vm, data ? data : "", n > 0 ? (size_t)n : 0, "utf-8", "replace");
}

Value ssl_certificate_der(VM *vm, X509 *certificate) {
    int n = F->i2d_X509(certificate, NULL);
    if (n < 0)
        return ssl_fail(vm, NULL, 1775);
    Value bytes = bytes_new(vm, NULL, (size_t)n);
    if (bytes) {
        unsigned char *to = (unsigned char *)as_bytes(bytes)->data;
        F->i2d_X509(certificate, &to);
    }
    return bytes;
}

/* --- names ---------------------------------------------------------------------------------------------------------
 */

static Value object_name(VM *vm, const ASN1_OBJECT *object) {
    char text[256];
    int n = F->OBJ_obj2txt(text, sizeof text, object, 0);
    return n < 0 ? ssl_fail(vm, NULL, 1082) : str_decode(vm, text, strlen(text), "utf-8", "replace");
}

static Value string_value(VM *vm, const ASN1_STRING *s) {
    unsigned char *utf8;
    int n = F->ASN1_STRING_to_UTF8(&utf8, s);
    if (n < 0)
        return ssl_fail(vm, NULL, 1084);
    Value text = str_decode(vm, (char *)utf8, (size_t)n, "utf-8", "strict");
    F->CRYPTO_free(utf8, __FILE__, __LINE__);
    return text;
}

/* A pair of owned values, which are consumed. */
static Value pair(VM *vm, Value a, Value b) {
    Value r = a && b ? tuple_pack(vm, 2, a, b) : VALUE_ERROR;
    decref(vm, a);
    decref(vm, b);
    return r;
}

/* Consumes the list. */
static Value as_owned_tuple(VM *vm, Value list) {
    Value tuple = list ? tuple_from_list(vm, list) : VALUE_ERROR;
    decref(vm, list);
    return tuple;
}

static Value entry_pair(VM *vm, const X509_NAME_ENTRY *entry) {
    Value name = object_name(vm, F->X509_NAME_ENTRY_get_object(entry));
    return pair(vm, name, name ? string_value(vm, F->X509_NAME_ENTRY_get_data(entry)) : VALUE_ERROR);
}

/* A tuple of groups, each a tuple of (attribute, value). */
static Value name_value(VM *vm, const X509_NAME *name) {
    Value groups = list_new(vm, 0), group = 0;
    int set = -1, n = F->X509_NAME_entry_count(name);
    for (int i = 0; groups && i < n; i++) {
        const X509_NAME_ENTRY *entry = F->X509_NAME_get_entry(name, i);
        if (set != F->X509_NAME_ENTRY_set(entry)) {
            set = F->X509_NAME_ENTRY_set(entry);
            Value last = group ? as_owned_tuple(vm, group) : 0;
            if (group && (!last || !list_append_steal(vm, groups, last)))
                set_owned(vm, &groups, 0);
            group = list_new(vm, 0);
        }
        Value item = group && groups ? entry_pair(vm, entry) : VALUE_ERROR;
        if (!item || !list_append_steal(vm, group, item))
            set_owned(vm, &groups, 0);
    }
    if (groups && group) {
        Value last = as_owned_tuple(vm, group);
        group = 0;
        if (!last || !list_append_steal(vm, groups, last))
            set_owned(vm, &groups, 0);
    }
    decref(vm, group);
    return as_owned_tuple(vm, groups);
}

/* --- alternative names ---------------------------------------------------------------------------------------------
 */

static Value ip_text(VM *vm, const ASN1_OCTET_STRING *ip) {
    const unsigned char *p = F->ASN1_STRING_get0_data(ip);
    int n = F->ASN1_STRING_length(ip);
    if (n == 4)
        return str_printf(vm, "%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
    if (n != 16)
        return str_from_c(vm, "<invalid>");
    StrBuilder b;
    char group[8];
    strbuilder_init(&b, vm);
    for (int i = 0; i < 16; i += 2) {
        snprintf(group, sizeof group, "%s%X", i ? ":" : "", p[i] << 8 | p[i + 1]);
        strbuilder_add_c(&b, group);
    }
    return strbuilder_finish(&b);
}

static Value printed_name(VM *vm, GENERAL_NAME *name) {
    BIO *bio = F->BIO_new(F->BIO_s_mem());
    if (!bio)
        return raise_memory(vm);
    F->GENERAL_NAME_print(bio, name);
    Value text = ssl_bio_text(vm, bio), r = VALUE_ERROR;
    F->BIO_free(bio);
    const char *colon = text ? strchr(str_data(text), ':') : NULL;
    if (text && colon)
        r = pair(vm, str_new(vm, str_data(text), (size_t)(colon - str_data(text))), str_from_c(vm, colon + 1));
    else if (text)
        r = pair(vm, incref(text), str_from_c(vm, ""));
    decref(vm, text);
    return r;
}

static Value alternative_name(VM *vm, GENERAL_NAME *name) {
    const ASN1_STRING *s = name->d.ia5;
    const char *kind = name->type == GEN_DNS ? "DNS" : name->type == GEN_EMAIL ? "email" : "URI";
    char text[256];
    switch (name->type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
        return pair(vm, str_from_c(vm, kind),
                    str_decode(vm, (const char *)F->ASN1_STRING_get0_data(s), (size_t)F->ASN1_STRING_length(s),
                               "utf-8", "strict"));
    case GEN_IPADD:
        return pair(vm, str_from_c(vm, "IP Address"), ip_text(vm, name->d.ip));
    case GEN_DIRNAME:
        return pair(vm, str_from_c(vm, "DirName"), name_value(vm, name->d.dirn));
    case GEN_RID:
        F->OBJ_obj2txt(text, sizeof text, name->d.rid, 0);
        return pair(vm, str_from_c(vm, "Registered ID"), str_from_c(vm, text));
    default:
        return printed_name(vm, name);
    }
}

static void free_general_name(VM *vm, OPENSSL_STACK *names) {
    F->OPENSSL_sk_pop_free(names, (OPENSSL_sk_freefunc)F->GENERAL_NAME_free);
}

/* The alternative names as a tuple; None if there is no such extension. */
static Value alternative_names(VM *vm, X509 *certificate) {
    OPENSSL_STACK *names = F->X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (!names)
        return VALUE_NONE;
    Value list = list_new(vm, 0);
    for (int i = 0; list && i < F->OPENSSL_sk_num(names); i++) {
        Value item = alternative_name(vm, F->OPENSSL_sk_value(names, i));
        if (!item || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    free_general_name(vm, names);
    return as_owned_tuple(vm, list);
}

static bool append_address(VM *vm, Value list, const GENERAL_NAME *name) {
    if (name->type != GEN_URI)
        return true;
    const ASN1_STRING *s = name->d.uniformResourceIdentifier;
    Value text = str_decode(vm, (const char *)F->ASN1_STRING_get0_data(s), (size_t)F->ASN1_STRING_length(s), "utf-8",
                            "strict");
    return text && list_append_steal(vm, list, text);
}

/* Consumes a list, which may be 0: as a tuple, or None if it is empty. */
static Value addresses(VM *vm, Value list) {
    if (!list || is_none(list) || as_list(list)->len > 0)
        return list && !is_none(list) ? as_owned_tuple(vm, list) : list;
    decref(vm, list);
    return VALUE_NONE;
}

/* Where the authority lists the certificates that it has taken back. None if it says nothing. */
static Value revocation_addresses(VM *vm, X509 *certificate) {
    OPENSSL_STACK *points = F->X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
    Value list = points ? list_new(vm, 0) : VALUE_NONE;
    for (int i = 0; points && list && i < F->OPENSSL_sk_num(points); i++) {
        const DIST_POINT *point = F->OPENSSL_sk_value(points, i);
        if (point->distpoint == NULL || point->distpoint->type != 0) /* relative to the issuer's name */
            continue;
        const OPENSSL_STACK *names = (const OPENSSL_STACK *)point->distpoint->name.fullname;
        for (int k = 0; list && k < F->OPENSSL_sk_num(names); k++)
            if (!append_address(vm, list, F->OPENSSL_sk_value(names, k)))
                set_owned(vm, &list, 0);
    }
    if (points)
        F->OPENSSL_sk_pop_free(points, (OPENSSL_sk_freefunc)F->DIST_POINT_free);
    return addresses(vm, list);
}

/* Addresses of the authority: `method` is NID_ad_OCSP or NID_ad_ca_issuers. None if there are none. */
static Value authority_addresses(VM *vm, X509 *certificate, int method) {
    OPENSSL_STACK *info = F->X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    Value list = info ? list_new(vm, 0) : VALUE_NONE;
    for (int i = 0; info && i < F->OPENSSL_sk_num(info); i++) {
        ACCESS_DESCRIPTION *a = F->OPENSSL_sk_value(info, i);
        if (list && F->OBJ_obj2nid(a->method) == method && !append_address(vm, list, a->location))
            set_owned(vm, &list, 0);
    }
    if (info)
        F->OPENSSL_sk_pop_free(info, (OPENSSL_sk_freefunc)F->ACCESS_DESCRIPTION_free);
    return addresses(vm, list);
}

/* --- the dict ------------------------------------------------------------------------------------------------------
 */

/* Consumes the value; None is left out. */
static bool add(VM *vm, Value dict, const char *key, Value value) {
    bool ok = value && (is_none(value) || dict_set_c(vm, dict, key, value));
    decref(vm, value);
    return ok;
}

static Value time_text(VM *vm, const ASN1_TIME *time) {
    BIO *bio = F->BIO_new(F->BIO_s_mem());
    if (!bio)
        return raise_memory(vm);
    F->ASN1_TIME_print(bio, time);
    Value text = ssl_bio_text(vm, bio);
    F->BIO_free(bio);
    return text;
}

static Value serial_text(VM *vm, X509 *certificate) {
    BIO *bio = F->BIO_new(F->BIO_s_mem());
    if (!bio)
        return raise_memory(vm);
    F->i2a_ASN1_INTEGER(bio, F->X509_get_serialNumber(certificate));
    Value text = ssl_bio_text(vm, bio);
    F->BIO_free(bio);
    return text;
}

Value ssl_certificate_dict(VM *vm, X509 *certificate) {
    Value dict = dict_new(vm);
    bool ok = dict && add(vm, dict, "subject", name_value(vm, F->X509_get_subject_name(certificate))) &&
              add(vm, dict, "issuer", name_value(vm, F->X509_get_issuer_name(certificate))) &&
              add(vm, dict, "version", from_small_int(F->X509_get_version(certificate) + 1)) &&
              add(vm, dict, "serialNumber", serial_text(vm, certificate)) &&
              add(vm, dict, "notBefore", time_text(vm, F->X509_get0_notBefore(certificate))) &&
              add(vm, dict, "notAfter", time_text(vm, F->X509_get0_notAfter(certificate))) &&
              add(vm, dict, "subjectAltName", alternative_names(vm, certificate)) &&
              add(vm, dict, "OCSP", authority_addresses(vm, certificate, NID_ad_OCSP)) &&
              add(vm, dict, "caIssuers", authority_addresses(vm, certificate, NID_ad_ca_issuers)) &&
              add(vm, dict, "crlDistributionPoints", revocation_addresses(vm, certificate));
    if (!ok)
        set_owned(vm, &dict, 0);
    return dict;
}

Value ssl_test_decode(VM *vm, Value path) {
    Value name = posix_fs_bytes(vm, path), r = VALUE_ERROR;
    BIO *bio = name ? F->BIO_new_file(as_bytes(name)->data, "r") : NULL;
    decref(vm, name);
    if (!name)
        return VALUE_ERROR;
    X509 *certificate = bio ? F->PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    r = certificate ? ssl_certificate_dict(vm, certificate)
                    : ssl_fail(vm, bio ? "Error decoding PEM-encoded file" : "Can't open file", 1838);
    F->X509_free(certificate);
    F->BIO_free(bio);
    return r;
}
#endif
