#include "proto/base/yaml_reader.h"
