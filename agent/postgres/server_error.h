#ifndef RESETCTL_AGENT_POSTGRES_SERVER_ERROR_H_
#define RESETCTL_AGENT_POSTGRES_SERVER_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// The fields of a failed result; of a null one: nothing but "no answer".
ServerError ReadServerError(const PGresult* result);

// The reason that an SQLSTATE means to us (PostgreSQL manual, appendix A). 57014 is CANCELLED:
// whether somebody cancelled or a budget ran out is known to the caller alone, for the server's
// text is translated.
absl::Status StatusOfServerError(const ServerError& error);

// `text` is libpq's message, in SQLSTATE verbosity ("FATAL:  28P01") when the server spoke. Names
// no more than host, port and database.
absl::Status ConnectFailure(absl::string_view text, absl::string_view address,
                            absl::string_view database);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SERVER_ERROR_H_
