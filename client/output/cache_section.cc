#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/plan_sections.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

std::string Where(const v1::CachePlan& cache) {
  std::string text =
      cache.mode() == "all" ? "Redis, all databases" : absl::StrCat("Redis db ", cache.db());
  if (cache.masters() > 0) {
    text = absl::StrCat("Redis cluster, ", Counted(cache.masters(), "master", "masters"));
  }
  if (!cache.address().empty()) absl::StrAppend(&text, " at ", cache.address());
  return text;
}

std::string How(const v1::CachePlan& cache) {
  if (cache.mode() != "prefixes") return "flush (async)";
  std::vector<std::string> parts;
  for (int i = 0; i < cache.prefixes_size(); ++i) {
    parts.push_back(i < cache.prefix_keys_size()
                        ? absl::StrCat(cache.prefixes(i), "* ", Count(cache.prefix_keys(i)))
                        : absl::StrCat(cache.prefixes(i), "*"));
  }
  return absl::StrCat("only ", Listed(parts));
}

// Work that waits in lists and streams is no cache: whoever approves must know that it goes.
std::string Queues(const v1::CachePlan& cache) {
  const bool one = cache.queue_entries() == 1;
  std::string text = absl::StrCat(Count(cache.queue_entries()),
                                  one ? " of them is a queue" : " of them are queues");
  if (cache.queue_jobs() > 0) {
    absl::StrAppend(&text, ": ", Counted(cache.queue_jobs(), "job", "jobs"), " will be lost");
  } else {
    absl::StrAppend(&text, " and will be lost");
  }
  return text;
}

}  // namespace

std::string CacheSection(const Look& look, const v1::PlanDocument& document,
                         absl::string_view label) {
  const v1::CachePlan& cache = document.cache();
  std::vector<std::string> lines;
  if (!cache.skipped().empty()) {
    lines.push_back(absl::StrCat("will not be touched: ", cache.skipped()));
  } else if (!cache.configured()) {
    lines.push_back("no cache configured");
  } else if (cache.mode() == "none") {
    lines.push_back("will not be touched");
  } else {
    lines.push_back(absl::StrCat(Where(cache), "    ", Counted(cache.keys(), "key", "keys"), "    ",
                                 How(cache)));
    if (cache.queue_entries() > 0) lines.push_back(Queues(cache));
    if (!cache.required()) lines.push_back("a failure is only a warning");
  }
  lines.insert(lines.end(), cache.warnings().begin(), cache.warnings().end());
  return Field(look, label, absl::StrJoin(lines, "\n"), kLabel);
}

}  // namespace resetctl::client
