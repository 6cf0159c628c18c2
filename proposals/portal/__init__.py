"""The public pages: registers, how to propose, uses and yearly figures, and the state of the books."""
