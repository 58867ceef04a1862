#ifndef RESETCTL_CONTROLLER_APP_SINK_CONFIG_H_
#define RESETCTL_CONTROLLER_APP_SINK_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "controller/notify/sink.h"
#include "proto/base/yaml_reader.h"

namespace resetctl::controller {

// An entry of `notify`, its files not read yet.
struct SinkConfig {
  Sink sink;
  std::string url_file;     // empty: sink.url is there already
  std::string secret_file;  // of a webhook
};

// The key `notify` of controller.yaml; every problem is among the map's.
std::vector<SinkConfig> ReadSinks(base::YamlMap* root, absl::string_view folder);

// Reads the files. CONFIG_INVALID: one is missing, can be read by others, or holds no URL or too short a key.
absl::StatusOr<std::vector<Sink>> LoadSinks(const std::vector<SinkConfig>& configs);

// What is wrong with a sink's address; empty: nothing. https, or http to this machine: a message names who resets what.
std::string WhatIsWrongWithUrl(absl::string_view url);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_SINK_CONFIG_H_
