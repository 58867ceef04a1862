#include "proto/contract/environment_rules.h"
