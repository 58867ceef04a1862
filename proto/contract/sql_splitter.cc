#include "proto/contract/sql_splitter.h"
