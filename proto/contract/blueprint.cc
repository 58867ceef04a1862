#include "proto/contract/blueprint.h"
