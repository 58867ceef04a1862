#include "controller/domain/target_identity.h"

#include "absl/strings/str_cat.h"

namespace resetctl::controller {
namespace {

// Both known and not the same.
bool Contradict(const std::string& a, const std::string& b) {
  return !a.empty() && !b.empty() && a != b;
}

std::string Was(const char* what, const std::string& before, const std::string& now) {
  return absl::StrCat("the ", what, " was ", before, ", it is ", now);
}

}  // namespace

bool IsKnown(const v1::DatabaseIdentity& database) { return !database.database_name().empty(); }

std::string Difference(const v1::DatabaseIdentity& bound, const v1::DatabaseIdentity& now) {
  if (Contradict(bound.system_identifier(), now.system_identifier())) {
    return Was("system identifier", bound.system_identifier(), now.system_identifier());
  }
  if (bound.database_name() != now.database_name()) {
    return Was("database's name", bound.database_name(), now.database_name());
  }
  if (bound.database_oid() != now.database_oid()) {
    return Was("database's OID", absl::StrCat(bound.database_oid()),
               absl::StrCat(now.database_oid()));
  }
  if (Contradict(bound.marker(), now.marker())) {
    return Was("marker", bound.marker(), now.marker());
  }
  return "";
}

bool LookAlike(const v1::DatabaseIdentity& a, const v1::DatabaseIdentity& b) {
  if (!IsKnown(a) || !IsKnown(b)) return false;
  if (a.database_oid() != b.database_oid() || a.database_name() != b.database_name()) return false;
  if (Contradict(a.marker(), b.marker())) return false;
  if (a.system_identifier().empty() || b.system_identifier().empty()) {
    return a.address() == b.address();
  }
  return a.system_identifier() == b.system_identifier();
}

bool AreOneCache(const v1::CachePlan& a, const v1::CachePlan& b) {
  return a.configured() && b.configured() && !a.run_id().empty() && a.run_id() == b.run_id() &&
         a.db() == b.db();
}

}  // namespace resetctl::controller
