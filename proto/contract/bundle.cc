#include "proto/contract/bundle.h"
