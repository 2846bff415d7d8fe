"""Services that the embedded AWS answers itself, because moto does not or invents."""
