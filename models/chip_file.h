/* Parts of the chip loader that its files share. */
#ifndef MODELS_CHIP_FILE_H
#define MODELS_CHIP_FILE_H

#include "npusim/chip.h"

/* Directory of the chip files; a string with static lifetime. */
const char *hw_chip_dir(void);

/* Row of chip.def with KEY, NPU_NUMS when there is none. */
npu_num hw_num_find(const char *key);

/* Value WORD stands for as number I, -1 when it is none of its words. */
int hw_num_choice(npu_num i, const char *word);

/* "analytic or bank": the words of number I, "" when it has none.  Returns TEXT. */
const char *hw_num_words(npu_num i, char text[256]);

/* Replaces *TO by a copy of FROM (NULL: by NULL).  Errors: NPU_LIMIT. */
npu_status hw_set_text(char **to, const char *from, npu_err *err);

#endif
