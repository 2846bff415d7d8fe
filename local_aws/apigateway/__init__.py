"""REST APIs of API Gateway: routes, signatures, permissions, and the functions behind them."""
