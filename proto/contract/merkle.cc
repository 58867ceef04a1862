#include "proto/contract/merkle.h"
