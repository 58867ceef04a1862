#include "controller/store/audit_leaf.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "controller/service/wire_time.h"

namespace resetctl::controller {

std::string MakeLeaf(v1::AuditEntry entry, absl::Time* newest) {
  const absl::Time clock = absl::FromUnixMicros(absl::ToUnixMicros(TimeOf(entry.time())));
  if (clock < *newest) {
    (*entry.mutable_evidence())["clock"] = absl::FormatTime(clock, absl::UTCTimeZone());
  } else {
    *newest = clock;
  }
  SetTime(*newest, entry.mutable_time());
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);  // maps in one order: kinder to people who compare
    entry.SerializeToCodedStream(&out);
  }
  return bytes;
}

}  // namespace resetctl::controller
