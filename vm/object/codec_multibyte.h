/* What the files of the East Asian encodings share. */
#ifndef COVE_OBJECT_CODEC_MULTIBYTE_H
#define COVE_OBJECT_CODEC_MULTIBYTE_H

#include "object/codec.h"
#include "object/codec_charset.h"

typedef struct MultiByte {
    CharsetId set;
    enum { FORM_EUC, FORM_EUC_JP, FORM_SHIFT_JIS, FORM_GB18030, FORM_JAMO } form;
    bool pairs; /* some sequences stand for two characters */
    bool roman; /* 5C and 7E are the yen sign and the overline */
} MultiByte;

bool charset_second_of_pair(uint32_t c); /* may it be the second of two characters with one sequence? */

#endif
