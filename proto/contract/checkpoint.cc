#include "proto/contract/checkpoint.h"
