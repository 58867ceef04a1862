#ifndef RESETCTL_CONTROLLER_DOMAIN_AUDIT_FIELDS_H_
#define RESETCTL_CONTROLLER_DOMAIN_AUDIT_FIELDS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// Who may see a part of an audit entry besides those who may read the environment. There is no class for secrets: none of
// them is ever written into an entry.
enum class AuditClass {
  kPublic,  // what kind of thing happened, when, how it ended; digests. Says nothing of persons, systems or data
  kInternal,  // of the systems and their data: names, numbers, what people wrote about them
  kPersonal,  // says who somebody is, or where they were
};
const char* NameOf(AuditClass audit_class);  // 'public', 'internal', 'personal'

struct AuditField {
  absl::string_view name;
  AuditClass audit_class;
  absl::string_view what;
};

// Everything that an entry can hold: one row for each field of AuditEntry but `evidence`, then one for each evidence key that
// the controller writes. A name that ends with ':' stands for all keys that begin so. The guide (docs/guide/audit.md) has the
// same rows. Whoever adds a field or a key decides here who may see it; tests fail until then (audit_fields_test.cc, and each
// test that writes such an entry into tests/support/memory_store.cc).
absl::Span<const AuditField> AuditFields();
absl::Span<const AuditField> EvidenceKeys();

// The row of an evidence key; nullptr when it has none.
const AuditField* FindEvidenceKey(absl::string_view key);

// The entry's evidence keys without a row, in no order.
std::vector<std::string> UnclassifiedKeys(const v1::AuditEntry& entry);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_AUDIT_FIELDS_H_
